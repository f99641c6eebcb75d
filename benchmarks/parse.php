<?php
// The rival's side of parse.py: times PHP's own parse_str in one run.
// Input: JSON with loops and body; output: nanoseconds for one, and what it held afterwards.

['loops' => $loops, 'body' => $body] = json_decode(stream_get_contents(STDIN), true);
$started = hrtime(true);
for ($i = 0; $i < $loops; $i++) {
    parse_str($body, $held);
}
echo json_encode(['nanoseconds' => (hrtime(true) - $started) / $loops, 'held' => $held]);
