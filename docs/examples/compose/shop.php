<?php
// A shop in PHP: a form, an order of the API, and the way to its payment page.

function call_api(string $method, array $params): array
{
    $key = getenv('JUSTCLICK_API_KEY');
    $params['hash'] = md5(http_build_query($params) . '::' . getenv('JUSTCLICK_LOGIN') . '::' . $key);
    $answer = file_get_contents(getenv('JUSTCLICK_URL') . "/api/$method", false, stream_context_create(['http' => [
        'method' => 'POST',
        'header' => 'Content-Type: application/x-www-form-urlencoded',
        'content' => http_build_query($params),
        'timeout' => 30,
        'ignore_errors' => true,
    ]]));
    $answer = json_decode((string) $answer, true);
    if (!is_array($answer)) {
        throw new RuntimeException('no answer: the order may or may not exist');
    }
    $hash = md5($answer['error_code'] . '::' . $answer['error_text'] . '::' . $key);
    if (!hash_equals($hash, (string) ($answer['hash'] ?? ''))) {
        throw new RuntimeException('the answer is not signed by the service');
    }
    return $answer;
}

$message = '';
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $answer = call_api('CreateOrder', [
        'bill_email' => (string) ($_POST['email'] ?? ''),
        'bill_first_name' => (string) ($_POST['name'] ?? ''),
        'goods' => [['good_name' => 'invoice', 'good_sum' => 1500]],
    ]);
    $bill = $answer['result']['link'] ?? null;
    if (is_string($bill) && in_array($answer['error_code'], [0, 601], false)) {
        header('Location: ' . (str_starts_with($bill, '/') ? getenv('JUSTCLICK_PAGES') : '') . $bill, true, 303);
        exit;
    }
    $message = $answer['error_text'];
}
?>
<!DOCTYPE html>
<title>Shop</title>
<p><?= htmlspecialchars($message) ?></p>
<form method="post">
<label>E-mail <input name="email" type="email" required></label>
<label>Name <input name="name"></label>
<button>Buy for 1500 ₽</button>
</form>
