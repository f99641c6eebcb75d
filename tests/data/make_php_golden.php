<?php
// Makes tests/data/php_golden.json, what a real PHP does with each rule by name:
// php -n tests/data/make_php_golden.php > tests/data/php_golden.json

function tag(mixed $value): array
{
    return match (true) {
        $value === null => ['null', 0],
        is_bool($value) => ['bool', (int) $value],
        is_int($value) => ['int', (string) $value],
        is_float($value) => ['float', bin2hex(pack('E', $value))],
        is_string($value) => ['text', base64_encode($value)],
        default => ['array', array_map(
            fn($key, $inner) => [tag($key), tag($inner)], array_keys($value), $value,
        )],
    };
}

$all_bytes = implode('', array_map('chr', range(0, 255)));
$printable = implode('', array_map('chr', range(32, 126)));
$order = [
    'goods' => [['good_name' => 'invoice', 'good_sum' => '1500.00'], ['good_name' => 'sales']],
    'bill_first_name' => 'Анна-Мария', 'bill_email' => 'anna+shop@example.com',
    'bill_comment' => "Позвоните!\r\nСпасибо", 'bill_timer_kill' => true,
    'utm' => ['utm_source' => 'яндекс', 'utm_term' => null],
];

$build = [
    'an empty array' => [[]],
    'one field' => [['a' => 'b']],
    'an empty text stays' => [['a' => '']],
    'null vanishes' => [['a' => null, 'b' => 1]],
    'null leaves a gap in the indexes' => [['a' => [1, null, 3]]],
    'only null' => [['a' => null, 'b' => [null, [null]]]],
    'an empty array vanishes' => [['a' => [], 'b' => 1, 'c' => [[], [[]]]]],
    'true and false' => [['yes' => true, 'no' => false]],
    'order of insertion' => [['b' => 1, 'a' => 2, 'c' => 0]],
    'a list' => [['rid' => ['super', 'second']]],
    'a list of arrays' => [['goods' => [['n' => 1], ['n' => 2, 'm' => 3]]]],
    'a mixed array' => [['a' => [1, 'x' => 2, 3]]],
    'indexes out of order' => [['a' => [2 => 'c', 0 => 'a', 1 => 'b']]],
    'deep nesting' => [['a' => ['b' => ['c' => ['d' => ['e' => 'f']]]]]],
    'a flat name with brackets' => [['rid[0]' => 'super', 'utm[utm_medium]' => 'cpc']],
    'every byte' => [['a' => $all_bytes]],
    'every byte as a name' => [[$all_bytes => 'a']],
    'every byte as a nested name' => [['x' => [$all_bytes => ['y' => 1]]]],
    'printable ASCII' => [['a' => $printable]],
    'marks that stand for = and &' => [["a\x1e" => "\x1f", "\x1f\x1f" => ["\x1e" => "\x1e\x1f"]]],
    'blanks and tildes' => [['a b' => 'c ~ d', '~' => ['~ ' => ' ']]],
    'Cyrillic' => [['имя' => 'Дорогой друг', 'город' => ['Санкт-Петербург']]],
    'emoji and line ends' => [['a' => "line1\r\nline2 \u{1F600}"]],
    'combining characters' => [['a' => "й\u{0438}\u{0306}", 'b' => "\u{FEFF}\u{200B}"]],
    'bytes that are no UTF-8' => [['a' => "\xff\xfe\xd0", "\x80" => "\xc3\x28"]],
    'encoded surrogates' => [['a' => "\xed\xa0\x80"]],
    'an empty name' => [['' => 1, 'a' => ['' => 2]]],
    'names with dots and blanks' => [['a.b' => 1, 'c d' => 2, ' e' => ['.f ' => 3]]],
    'names with brackets' => [['a[' => 1, 'b]' => 2, 'c[]' => 3, '[d]' => ['[' => 4, ']' => 5]]],
    'keys that are integers' => [['5' => 'a', '05' => 'b', '-5' => 'c', '-0' => 'd', '0' => 'e']],
    'keys at the edge of 64 bits' => [[
        '9223372036854775807' => 1, '9223372036854775808' => 2,
        '-9223372036854775808' => 3, '-9223372036854775809' => 4,
    ]],
    'integers' => [[0, -1, 42, PHP_INT_MAX, PHP_INT_MIN]],
    'an order' => [$order],
    'an order, RFC 3986' => [$order, '', '&', PHP_QUERY_RFC3986],
    'a prefix' => [['a', 'b', 'x' => 'c', '7' => 'd', '07' => 'e'], 'p_'],
    'a prefix before arrays' => [[[1, [2]], 'x' => [3], 5 => ['y' => 4]], 'p_'],
    'a prefix is not escaped' => [['a', ['b']], 'p q&=%[é'],
    'a separator' => [['a' => 1, 'b' => [2, 3], 'c' => '&;'], '', ';'],
    'a separator is not escaped' => [['a' => 1, 'b' => [2, 3]], '', '&amp; é'],
    'an empty separator' => [['a' => 1, 'b' => 2], '', ''],
    'prefix and separator' => [[1, 'a&b', [3]], 'n&', '&&'],
    'all together' => [[1.5, '~ ', ['~ ' => '~ ']], '~ ', ' ~', PHP_QUERY_RFC3986],
    'RFC 3986 printable' => [[$printable => $printable], '', '&', PHP_QUERY_RFC3986],
    'RFC 3986 every byte' => [['a' => $all_bytes], '', '&', PHP_QUERY_RFC3986],
];
foreach ([
    0.0, -0.0, 1.0, -1.0, 0.1, 0.1 + 0.2, 1 / 3, 2 / 3, 100.0, 1500.5, 1e13, 99999999999999.0,
    99999999999999.4, 99999999999999.5, 1e14, 123456789012345.0, 1e15, 1e21, 1e22, 1e25, 1.5e25,
    1e100, 1.5e-7, 1e-3, 1e-4, 0.00012, 1e-5, 0.000012345678901234, 1e-7, 1e-10, 1e-100, 5e-324,
    1.7976931348623157e308, 2.2250738585072014e-308, INF, -INF, NAN, 3.14159265358979, 1e-9,
    0.5, 2.5, 1234567.891, -1e25, -1.5e-7, 9007199254740993.0, 4503599627370497.5,
    0.99999999999999994, 0.999999999999995, 9.99999999999995, 10.0, 12345678901234.5, 1.1e1, 826138964578205.0,
    -100000000000005.0, 999999999999905.0, 826138964578215.0, 999999999999995.0,
] as $float) {
    $build['float ' . var_export($float, true)] = [['f' => $float]];
}

$parse = [
    '', '&', '=', '&&a=1&&', 'a=1', 'a', 'a=', 'a==b', '=1', 'a&b', 'a=1&b=2&a=3',
    'a=%41%zz%4%', 'a=1+2%2B3', 'a%3Db=c', 'a%26b=c', 'a=%C3%28%FF', '%D0%B8=%D0%B9', "\xff=\xfe",
    'и=й', 'a=1%00b', 'a%00b=1', "a=1\0b&c=2", 'a;b=1', 'a=b;c=d', 'a=%e4%E4',
    'a.b=1', 'a b=1', 'a+b=1', '%20 a=1', '+a=1', ' =1', '.=1', '+.=1', 'a%2Eb%20c=1', 'a..b=1',
    'a[]=1', 'a[]=1&a[]=2', 'a[0]=1&a[1]=2', 'a[1]=1&a[0]=2', 'a[1]=1&a[2]=2', 'a[5]=1&a[]=2',
    'a[b]=1', 'a[b][c]=1', 'a[b]=1&a[c]=2', 'a[b]=1&a[0]=2&a[]=3', 'a[][]=1&a[][]=2', 'a[][b]=1',
    'a%5B%5D=1', 'a%5Bb%5D=1', 'a%5bb]=1', 'a[+]=1', 'a[%20]=1', 'a[++]=1', 'a[+b]=1', 'a[b+]=1',
    'a[%09]=1', 'a[%0A]=1', 'a[%0B]=1', 'a[%0C]=1', 'a[%0D]=1', 'a[%1C]=1', 'a[%85]=1', 'a[%A0]=1',
    'a[%C2%A0]=1', 'a[%20][b]=1', 'a[%00]=1', 'a[b%00]=1', 'a[b]%00[c]=1', 'a[b][%00]=1',
    'a[=1', 'a[b=1', 'a[b.c=1', 'a[b c[d=1', 'a[b[c]=1', 'a[[=1', 'a[[[b=1', 'a[b[.=1', 'a.b[c.d[e f=1',
    'a[b]c=1', 'a[b]c[d]=1', 'a[b].=1', 'a[b][c=1', 'a[b][.c d=1', 'a[][c=1', 'a[b]]=1', 'a[]]=1',
    'a[[b]=1', 'a[[b]]=1', 'a]=1', ']=1', 'a]b[c]=1', '[=1', '[a]=1', ' [a]=1', '.[a]=1', '[]=1',
    'a.[b]=1', 'a.b[c.d]=1', 'a b[c d]=1', 'a[ b]=1', 'a[.]=1', 'a[b=c]=1', 'a[b%3Dc]=1',
    'a=1&a[b]=2', 'a[b]=1&a=2', 'a=1&a[]=2', 'a[b]=1&a[b][c]=2', 'a[b][c]=1&a[b]=2', 'a=1&a[b]=2&a=3',
    'a=1&b=2&a[x]=3', 'a[x]=1&b=2&a[y]=3', 'a.b=1&a_b=2', 'a[b=1&a_b=2',
    '5=a', '05=a', '-5=a', '0=a&1=b', '1=a&0=b', '9223372036854775808=a', '5[a]=b', '-0=a',
    'a[5]=1&a[05]=2', 'a[-5]=1', 'a[-5]=1&a[]=2', 'a[-1]=1&a[]=2', 'a[-0]=1&a[0]=2', 'a[1.5]=1', 'a[+1]=1',
    'a[9223372036854775807]=1&a[]=2&b=3', 'a[9223372036854775806]=1&a[]=2&a[]=3',
    'a[9223372036854775807]=1&a[][b]=2&a[c]=3', 'a[9223372036854775808]=1&a[]=2',
    'a[-9223372036854775808]=1&a[]=2', 'a[-9223372036854775809]=1&a[]=2', 'a[99999999999999999999]=1',
    'a[0]=1&a[]=2&a[1]=3', 'a[1]=x&a[]=y&a[0]=z', 'a[][x]=1&a[0][y]=2', 'a[0x1]=1', 'a[00]=1', 'a[1e1]=1',
    '__Host-a=1', '..Host-a=1', '__Secure-a=1', '.+Secure-a=1', '+__Host-a=1', '._Host-[a]=1',
    '_[Host-=1', '_[Host-]=1', '__host-a=1', '..host-a=1', '__Host-.a[b]=1', '..Host=1', '_.Host-[a=1',
    'a[__Host-]=1', 'a[__Host-][b]=1', '__Host-[__Host-]=1', 'a[b][__Secure-x]=1', '__Secure-[__Host-]=1', '__Host-[__Secure-][a]=1', 'a[b][__Host-x][c][d]=1', 'a[b][c][__Host-=1',
    'this=1', 'GLOBALS=1', '_POST[a]=1', 'hash=1&hash=2',
    'a' . str_repeat('[b]', 64) . '=1', '5' . str_repeat('[', 70) . '=1',
    'rid[]=super&rid[]=second&lead_email=a%40example.com', 'rid%5B%5D=super&lead_email=a%40example.com',
    'lead_name=~tilde', 'lead_name=a%20b',
    'goods%5B0%5D%5Bgood_name%5D=x&bill_email=a&goods%5B1%5D%5Bgood_name%5D=y',
];

$golden = ['php' => PHP_VERSION, 'http_build_query' => [], 'parse_str' => [], 'urlencode' => []];
foreach ($build as $name => $arguments) {
    [$data, $prefix, $separator, $encoding] = $arguments + [[], '', '&', PHP_QUERY_RFC1738];
    $golden['http_build_query'][] = [
        'name' => $name, 'data' => tag($data), 'prefix' => $prefix, 'separator' => $separator,
        'encoding' => $encoding,
        'query' => base64_encode(http_build_query($data, $prefix, $separator, $encoding)),
    ];
}
foreach ($parse as $query) {
    parse_str($query, $array);
    $golden['parse_str'][] = ['query' => base64_encode($query), 'array' => tag($array)];
}
foreach (['', 'a', $all_bytes, 'Привет, мир', '~ -_.*'] as $text) {
    $golden['urlencode'][] = [
        'text' => base64_encode($text), 'urlencode' => urlencode($text),
        'rawurlencode' => rawurlencode($text),
    ];
}

// One case a line, so that a change shows as the line it is.
$flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_THROW_ON_ERROR;
$parts = [];
foreach ($golden as $part => $cases) {
    $lines = array_map(fn($case) => json_encode($case, $flags), (array) $cases);
    $text = is_array($cases) ? "[\n" . implode(",\n", $lines) . "\n]" : $lines[0];
    $parts[] = json_encode($part) . ": $text";
}
echo "{\n", implode(",\n", $parts), "\n}\n";
