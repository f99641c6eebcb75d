<?php
// The rival's side of parse.py: times PHP's own parse_str in one run.
// Input: JSON with loops and body; output: microseconds for one, and what it held afterwards.

['loops' => $loops, 'body' => $body] = json_decode(stream_get_contents(STDIN), true);
$cpu = static fn (): float => array_sum(array_map(
    static fn (string $kind): float => getrusage()["ru_$kind.tv_sec"] * 1e9 + getrusage()["ru_$kind.tv_usec"] * 1e3,
    ['utime', 'stime']
));
[$started, $worked] = [hrtime(true), $cpu()];
for ($i = 0; $i < $loops; $i++) {
    parse_str($body, $held);
}
[$took, $worked] = [hrtime(true) - $started, $cpu() - $worked];
echo json_encode(['wall' => $took / $loops / 1e3, 'cpu' => $worked / $loops / 1e3, 'held' => $held]);
