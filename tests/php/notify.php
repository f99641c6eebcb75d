<?php
// A service in PHP that tells a shop's script of everything that can happen: the eight kinds of
// notification as arrays, encoded by http_build_query and signed as the help pages prescribe.
// Prints which status each one was answered with; "forged" has a wrong hash.
//
// php notify.php URL API_KEY

list(, $url, $key) = $argv;

$buyer = array(
    'id' => 123456,
    'first_name' => 'Анна',
    'last_name' => "O'Hara ~ & сыновья",
    'middle_name' => '',
    'email' => 'anna+php@example.com',
    'phone' => '+7 (000) 000-00-00',
    'city' => 'Москва',
    'country' => 'Russia',
);
$utm = array('medium' => 'cpc', 'source' => 'direct', 'campaign' => '', 'content' => '', 'term' => 'a b');
$items = array(
    array('id' => 'lesson.1', 'title' => 'Урок 100% *!', 'sum' => '990.00', 'price' => '1200.00'),
    array('id' => 'lesson2', 'title' => 'Lesson [2]', 'sum' => '10.50', 'price' => '10.50'),
);
$with_pincodes = $items;
$with_pincodes[0] += array('pincode' => 'AB-12', 'partners' => array(
    array('partner_lvl' => 1, 'partner_id' => 17, 'partner_name' => 'ivan', 'partner_fee' => '99.00'),
));
$address = $buyer + array('address' => "in a beautiful box\r\n1", 'region' => null, 'postalcode' => '101000');
$short = $buyer + array('region' => '', 'postalcode' => '101000');

$sent = array(
    'order_created' => Signed('created', array('status' => 'new_order') + $address + array(
        'created' => 1574241885, 'comment' => '', 'tag' => 'x', 'kupon' => '', 'domain' => '',
        'link' => '/bill/?id=123456&crc=1', 'utm' => $utm, 'items' => $items,
    )),
    'order_paid' => Signed('paid', $address + array(
        'created' => 1574241885, 'paid' => 1574241999, 'last_payment_sum' => 1000.5,
        'comment' => '', 'tag' => 'x', 'kupon' => '', 'type' => '', 'payway' => 'card',
        'domain' => '', 'is_recurrent' => false, 'utm' => $utm, 'items' => $with_pincodes,
    )),
    'order_prepaid' => Signed('paid', $short + array(
        'created' => 1574241885, 'prepayment_sum' => '300.00', 'tag' => '', 'kupon' => '',
        'domain' => '', 'link' => '', 'is_recurrent' => true, 'utm' => $utm, 'items' => $with_pincodes,
    )),
    'order_cancelled' => Signed('created', array('status' => 'cancel_order') + $short + array(
        'created' => 1574241885, 'comment' => '', 'utm' => array(), 'items' => $items,
    )),
    'order_moneyback' => Signed('paid', array('status' => 'moneyback') + $short + array(
        'created' => 1574241885, 'comment' => '', 'is_recurrent' => 0, 'utm' => $utm, 'items' => $items,
    )),
    'lead_subscribed' => Lead(2, $utm),
    'lead_activated' => Lead(1, $utm),
    'lead_unsubscribed' => Lead(0, null),
    'forged' => array('hash' => md5('wrong')) + $buyer + array('created' => 1574241885),
);
echo json_encode(array_map('Post', $sent)), "\n";

function Signed($moment, $fields)
{
    $paid_or_created = isset($fields[$moment]) ? $fields[$moment] : '';
    $fields['hash'] = md5($fields['id'] . $fields['email'] . $paid_or_created . $GLOBALS['key']);
    return $fields;
}

function Lead($status, $utm)
{
    return array(
        'name' => 'Анна', 'email' => 'anna+php@example.com', 'phone' => '', 'city' => 'Москва',
        'id_group' => 2086838, 'ip' => '192.0.2.1', 'status' => $status, 'utm' => $utm,
    );
}

function Post($fields)
{
    $context = stream_context_create(array('http' => array(
        'method' => 'POST',
        'header' => "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n",
        'content' => http_build_query($fields),
        'ignore_errors' => true,
        'timeout' => 10,
    )));
    $body = file_get_contents($GLOBALS['url'], false, $context);
    return $body === false ? 0 : (int) explode(' ', $http_response_header[0])[1];
}
