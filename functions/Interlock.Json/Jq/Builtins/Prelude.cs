namespace Interlock.Json.Jq;

/// <summary>The builtins that are best said in jq. Each may use those before it; recursion in tail position costs no depth.</summary>
internal static class Prelude
{
    public const string Source = """
        def select(f): if f then . else empty end;
        def map(f): [.[] | f];
        def map_values(f): .[] |= f;
        def values: select(. != null);
        def nulls: select(. == null);
        def booleans: select(type == "boolean");
        def numbers: select(type == "number");
        def finites: select(type == "number" and (isinfinite or isnan | not));
        def normals: select(isnormal);
        def strings: select(type == "string");
        def arrays: select(type == "array");
        def objects: select(type == "object");
        def iterables: select(type == "array" or type == "object");
        def scalars: select(type != "array" and type != "object");
        def error(f): f | error;
        def halt_error: halt_error(5);
        def isvalid(f): try (f | true) catch false;
        def debug(f): (f | empty), .;
        def add(f): reduce f as $x (null; . + $x);

        def range($from; $to; $by):
          if $by > 0 then $from | def up: if . < $to then ., (. + $by | up) else empty end; up
          elif $by < 0 then $from | def down: if . > $to then ., (. + $by | down) else empty end; down
          else empty end;
        def range($from; $to): _range($from; $to; 1) | _count;
        def range($to): _range(0; $to; 1) | _count;
        def recurse(f): def deeper: ., (f | deeper); deeper;
        def recurse(f; keep): def deeper: ., (f | select(keep) | deeper); deeper;
        def recurse: recurse(.[]?);
        def recurse_down: recurse;
        def while(going; f): def step: if going then ., (f | step) else empty end; step;
        def until(done; f): def step: if done then . else f | step end; step;
        def repeat(f): def again: f, again; again;

        def first(f): label $found | f | ., break $found;
        def first: .[0];
        def last: .[-1];
        def last(f): reduce f as $x ([]; [$x]) | .[];
        def limit($n; f):
          if $n > 0 then label $enough | foreach f as $x ($n; . - 1; $x, if . > 0 then empty else break $enough end)
          elif $n == 0 then empty
          else error("limit doesn't support negative count") end;
        def skip($n; f):
          if $n > 0 then foreach f as $x ($n; . - 1; if . >= 0 then empty else $x end)
          elif $n == 0 then f
          else error("skip doesn't support negative count") end;
        def nth($n): .[$n];
        def nth($n; f):
          if $n < 0 then error("nth doesn't support negative indices") else first(skip($n; f)) end;
        def isempty(f): label $found | (f | false, break $found), true;
        def any(f; test): label $found | (f | test | if . then true, break $found else empty end), false;
        def any(test): any(.[]; test);
        def any: any(.[]; .);
        def all(f; test): label $found | (f | test | if . then empty else false, break $found end), true;
        def all(test): all(.[]; test);
        def all: all(.[]; .);
        def in(container): . as $key | container | has($key);
        def inside(whole): . as $part | whole | contains($part);
        def IN(f): any(f == .; .);
        def IN(f; g): any(f == g; .);

        def sort_by(f): _sort_by(map([f]));
        def group_by(f): _group_by(map([f]));
        def unique_by(f): _unique_by(map([f]));
        def min_by(f): _min_by(map([f]));
        def max_by(f): _max_by(map([f]));
        def to_entries: [keys_unsorted[] as $name | {key: $name, value: .[$name]}];
        def from_entries:
          reduce .[] as $entry ({};
            . + ($entry | {(.key // .Key // .name // .Name): (if has("value") then .value else .Value end)}));
        def transpose: [range(map(length) | max // 0) as $i | [.[][$i]]];
        def with_entries(f): to_entries | map(f) | from_entries;
        def INDEX(f; name): reduce f as $row ({}; .[$row | name | tostring] = $row);
        def INDEX(name): INDEX(.[]; name);
        def JOIN($index; name): [.[] | [., $index[name]]];
        def JOIN($index; f; name): f | [., $index[name]];
        def JOIN($index; f; name; joined): f | [., $index[name]] | joined;
        def combinations:
          if length == 0 then [] else .[0][] as $first | .[1:] | combinations | [$first] + . end;
        def combinations($n): [range($n) as $_ | .] | combinations;

        def paths: path(..) | select(length > 0);
        def paths(f): path(.. | select(f)) | select(length > 0);
        def leaf_paths: paths(scalars);
        def del(f): delpaths([path(f)]);
        def pick(f): . as $whole | reduce path(f) as $at (null; setpath($at; $whole | getpath($at)));
        def walk(f):
          def inner: if type == "object" then map_values(inner) elif type == "array" then map(inner) else . end | f;
          inner;
        def tostream:
          path(def leaves: (.[]? | leaves), .; leaves) as $at
          | getpath($at)
          | reduce path(.[]?) as $last ([$at, .]; [$at + $last]);
        def fromstream(f):
          foreach f as $event ({};
            if .done then {} else . end
            | if $event | length == 2
              then .value = (.value | setpath($event[0]; $event[1])) | .done = ($event[0] | length == 0)
              else .done = ($event[0] | length == 1) end;
            if .done then .value else empty end);
        def truncate_stream(f):
          . as $n | null | f | . as $event
          | if ($event[0] | length) > $n then [$event[0][$n:]] + $event[1:] else empty end;

        def match($re; $flags): _match($re; $flags; false) | .[];
        def _pattern:
          if type == "string" then [., null] elif type == "array" and length > 0 then .
          else error(type + " not a string or array") end;
        def match($re): ($re | _pattern) as [$re, $flags] | match($re; $flags);
        def test($re; $flags): _match($re; $flags; true);
        def test($re): ($re | _pattern) as [$re, $flags] | test($re; $flags);
        def _named: reduce (.captures[] | select(.name != null)) as $c ({}; .[$c.name] = $c.string);
        def capture($re; $flags): match($re; $flags) | _named;
        def capture($re): match($re) | _named;
        def scan($re; $flags):
          match($re; "g" + $flags) | if .captures == [] then .string else [.captures[].string] end;
        def scan($re): scan($re; null);
        def splits($re; $flags):
          . as $text
          | foreach (match($re; "g" + $flags), null) as $m ([0, 0, 0];
              if $m == null then [.[2], null] else [.[2], $m.offset, $m.offset + $m.length] end;
              . as [$from, $to] | $text[$from:$to]);
        def splits($re): splits($re; null);
        def split($re; $flags): [splits($re; $flags)];
        def sub($re; f; $flags): . as $text
          | (reduce match($re; $flags) as $m ({from: 0, done: []};
               $text[.from:$m.offset] as $before
               | [$m | _named | f] as $new
               | reduce range($new | length) as $i (.; .done[$i] += $before + $new[$i])
               | .from = $m.offset + $m.length)
             | .done[] + $text[.from:])
            // $text;
        def sub($re; f): sub($re; f; "");
        def gsub($re; f; $flags): sub($re; f; $flags + "g");
        def gsub($re; f): sub($re; f; "g");

        def ascii: [.] | implode;
        def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
        def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
        def todateiso8601: todate;
        def fromdate: fromdateiso8601;
        def date: todate;
        def dateadd(unit; $n): . + $n;
        def datesub(unit; $n): . - $n;
        """;
}
