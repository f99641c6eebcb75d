<?php
// A shop's own script in PHP that signs with %20 for blanks, as rawurlencode writes them, where the
// service has + (http_build_query). Prints the answer.
//
// php wrong_hash.php BASE_URL LOGIN API_KEY

$data = array('bill_email' => 'anna@example.com', 'bill_comment' => 'a beautiful box');
$hashed = http_build_query($data, '', '&', PHP_QUERY_RFC3986);
$data['hash'] = md5("$hashed::$argv[2]::$argv[3]");

$ch = curl_init();
curl_setopt($ch, CURLOPT_URL, "$argv[1]/api/CreateOrder");
curl_setopt($ch, CURLOPT_POST, true);
curl_setopt($ch, CURLOPT_POSTFIELDS, http_build_query($data));
curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);
curl_setopt($ch, CURLOPT_NOPROXY, '*');
echo curl_exec($ch);
