<?php
// The rival's side of encode.py: times PHP's own http_build_query and md5 in one run.
// Input: JSON with login, key, loops and order; output: nanoseconds for one, and the hash.

$task = json_decode(stream_get_contents(STDIN), true);
['login' => $login, 'key' => $key, 'loops' => $loops, 'order' => $order] = $task;
$started = hrtime(true);
for ($i = 0; $i < $loops; $i++) {
    $query = http_build_query($order);
    $hash = md5("$query::$login::$key");
}
echo json_encode(['nanoseconds' => (hrtime(true) - $started) / $loops, 'hash' => $hash]);
