<?php
// The rival's side of encode.py: times PHP's own http_build_query and md5 in one run.
// Input: JSON with login, key, loops and order; output: microseconds for one, and the hash.

$task = json_decode(stream_get_contents(STDIN), true);
['login' => $login, 'key' => $key, 'loops' => $loops, 'order' => $order] = $task;
$cpu = static fn (): float => array_sum(array_map(
    static fn (string $kind): float => getrusage()["ru_$kind.tv_sec"] * 1e9 + getrusage()["ru_$kind.tv_usec"] * 1e3,
    ['utime', 'stime']
));
[$started, $worked] = [hrtime(true), $cpu()];
for ($i = 0; $i < $loops; $i++) {
    $query = http_build_query($order);
    $hash = md5("$query::$login::$key");
}
[$took, $worked] = [hrtime(true) - $started, $cpu() - $worked];
echo json_encode(['wall' => $took / $loops / 1e3, 'cpu' => $worked / $loops / 1e3, 'hash' => $hash]);
