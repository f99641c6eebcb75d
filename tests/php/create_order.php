<?php
// A shop's own script in PHP, as the help pages teach it: an order is created, the customer's
// bills are listed, its status is changed, and a wrong hash is tried. Prints what came back.
//
// php create_order.php BASE_URL LOGIN API_KEY

$base_url = $argv[1];
$user_rs['user_id'] = $argv[2];
$user_rs['user_rps_key'] = $argv[3];

$order = array(
    'goods' => array(
        array('good_name' => 'invoice', 'good_sum' => 1500.5),
        array('good_name' => 'sales'),
    ),
    'bill_first_name' => 'Анна',
    'bill_surname' => "O'Hara ~ & сыновья",
    'bill_email' => 'anna+php@example.com',
    'bill_comment' => "in a beautiful box\r\n100% *!",
    'bill_kupon' => null,
    'bill_timer_kill' => true,
    'bill_created' => 1291001819,
    'bill_domain' => 'www.shop.io',
    'utm[utm_medium]' => 'cpc',
    'utm[utm_source]' => 'direct',
);

$report['created'] = Call('CreateOrder', $order);
$report['again'] = Call('CreateOrder', $order);
$bill_id = $report['created']['result']['bill_id'];
$report['bills'] = Call('GetBills', array('email' => 'anna+php@example.com'));
$report['paid'] = Call('UpdateOrderStatus', array(
    'bill_id' => $bill_id,
    'status' => 'paid',
    'date' => '1362254400',
));
$report['paid_bills'] = Call('GetBills', array(
    'email' => 'anna+php@example.com',
    'pay_status' => 'paid',
));
$report['wrong_hash'] = Call('GetBills', array('email' => 'anna+php@example.com', 'hash' => 'x'));
$report['goods'] = Call('GetAllGoods', array());

echo json_encode($report);

function Call($method, $data)
{
    global $base_url, $user_rs;
    if (!isset($data['hash'])) {
        $data['hash'] = GetHash($data, $user_rs);
    }
    $body = Send("$base_url/api/$method", $data);
    $answer = json_decode($body, true) ?: array('body' => $body);
    $answer['hash_is_right'] = isset($answer['hash']) && CheckHash(json_decode($body), $user_rs);
    return $answer;
}

// What follows is how the help pages do it.

function Send($url, $data)
{
    $ch = curl_init();
    curl_setopt($ch, CURLOPT_URL, $url);
    curl_setopt($ch, CURLOPT_POST, true);
    curl_setopt($ch, CURLOPT_POSTFIELDS, http_build_query($data));
    curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($ch, CURLOPT_NOPROXY, '*');
    $res = curl_exec($ch);
    curl_close($ch);
    return $res;
}

function GetHash($params, $user_rs)
{
    $params = http_build_query($params);
    $user_id = $user_rs['user_id'];
    $secret = $user_rs['user_rps_key'];
    return md5("$params::$user_id::$secret");
}

function CheckHash($resp, $user_rs)
{
    $secret = $user_rs['user_rps_key'];
    $code = $resp->error_code;
    $text = $resp->error_text;
    return md5("$code::$text::$secret") == $resp->hash;
}
