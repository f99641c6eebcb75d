<?php
// A service in PHP that knows one thing: whether the hash of a request is right. It sees what any
// PHP server sees, $_POST, and answers with what it found there, signed as the service signs.
//
// JUSTCLICK_LOGIN=... JUSTCLICK_API_KEY=... php -S 127.0.0.1:PORT verify_hash.php

$login = getenv('JUSTCLICK_LOGIN');
$api_key = getenv('JUSTCLICK_API_KEY');

$params = $_POST;
$received = $params['hash'] ?? null;
unset($params['hash']);

if ($_POST === array()) {
    answer(2, 'No transmitted data');
} elseif (isset($params['rpsKey'])) {
    $known = is_string($params['rpsKey']) && hash_equals($api_key, $params['rpsKey']);
    unset($params['rpsKey']);
    $known ? answer(0, 'OK', $params) : answer(4, 'Incorrect hash');
} elseif (!is_string($received)) {
    answer(1, 'Not transferred hash');
} elseif (!hash_equals(md5(http_build_query($params) . "::$login::$api_key"), $received)) {
    answer(4, 'Incorrect hash', array('hashed' => http_build_query($params)));
} else {
    answer(0, 'OK', $params);
}

function answer($code, $text, $result = array())
{
    global $api_key;
    header('Content-Type: application/json');
    echo json_encode(
        array(
            'error_code' => $code,
            'error_text' => $text,
            'result' => $result,
            'hash' => md5("$code::$text::$api_key"),
        ),
        JSON_INVALID_UTF8_SUBSTITUTE | JSON_PRESERVE_ZERO_FRACTION
    );
}
