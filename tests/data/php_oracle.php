<?php
// The oracle: answers questions about PHP, one JSON line each, until its input ends.
// A question is [function, arguments...]; texts are base64, values are tagged as in `untag`.
// php -n tests/data/php_oracle.php

function untag(array $tagged): mixed
{
    [$type, $value] = $tagged;
    switch ($type) {
        case 'null':
            return null;
        case 'bool':
            return (bool) $value;
        case 'int':
            return (int) $value;
        case 'float':
            return unpack('E', hex2bin($value))[1];
        case 'text':
            return base64_decode($value);
        case 'array':
            $array = [];
            foreach ($value as [$key, $inner]) {
                $array[untag($key)] = untag($inner);
            }
            return $array;
    }
}

function tag(mixed $value): array
{
    if (is_int($value)) {
        return ['int', (string) $value];
    }
    if (is_string($value)) {
        return ['text', base64_encode($value)];
    }
    $pairs = [];
    foreach ($value as $key => $inner) {
        $pairs[] = [tag($key), tag($inner)];
    }
    return ['array', $pairs];
}

function answer(array $question): mixed
{
    switch ($question[0]) {
        case 'http_build_query':
            [, $data, $prefix, $separator, $encoding] = $question;
            $prefix = base64_decode($prefix);
            $separator = base64_decode($separator);
            return base64_encode(http_build_query(untag($data), $prefix, $separator, $encoding));
        case 'var_export':
            return base64_encode(var_export(untag($question[1]), true));
        case 'print_r':
            return base64_encode(print_r(untag($question[1]), true));
        case 'parse_str':
            parse_str(base64_decode($question[1]), $array);
            return tag($array);
        case 'urlencode':
            return base64_encode(urlencode(base64_decode($question[1])));
        case 'rawurlencode':
            return base64_encode(rawurlencode(base64_decode($question[1])));
        case 'urldecode':
            return base64_encode(urldecode(base64_decode($question[1])));
    }
}

while (($line = fgets(STDIN)) !== false) {
    echo json_encode(array_map('answer', json_decode($line, true, 4096)), 0, 4096), "\n";
}
