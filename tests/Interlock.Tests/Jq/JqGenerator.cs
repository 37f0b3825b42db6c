using System.Text;

namespace Interlock.Tests.Jq;

/// <summary>
/// Programs and inputs by chance, the same for the same seed. Expressions are put together by the kind of their input and of their result, so
/// that most programs do something; one in thirty parts has another kind than its place asks for.
/// </summary>
internal sealed class JqGenerator(int seed)
{
    private const int MostNesting = 4;
    private const int LongestProgram = 400;

    // In a template, «K» is an expression of kind K on the same input and «K:F» one on an input of kind F: n(umber), s(tring), a(rray of
    // numbers), t (array of strings), o(bject with a number a, a string b and an array c), b(oolean); i is a small whole number.
    private static readonly Dictionary<char, string[]> Leaves = new()
    {
        ['n'] = ["0", "1", "-1", "2", "3", "10", "0.5", "-2.5", "1e3", "1.10", "100000000000000000001", "1e-5", "1e17", "nan", "infinite", "null"],
        ['s'] = ["\"\"", "\"a\"", "\"abc\"", "\"b,c\"", "\"é😀x\"", "\"12\"", "\"a b\\n\"", "\"0.50\"", "null"],
        ['a'] = ["[]", "[1,2,3]", "[3,1,2,1]", "[0.5,-1]", "[1.0,1,1e3]", "[null,true]", "[[1],[2,3]]"],
        ['t'] = ["[]", "[\"a\",\"b\"]", "[\"b\",\"a\",\"b\",\"\"]", "[\"é\",\"z\"]"],
        ['o'] = ["{}", "{\"a\":1,\"b\":\"x\",\"c\":[1,2]}", "{\"b\":\"y\",\"a\":2.50}", "{\"c\":[],\"a\":null,\"d\":{\"e\":1}}"],
        ['b'] = ["true", "false", "null"],
        ['i'] = ["0", "1", "2", "3", "-1", "-2", "1.5"],
    };

    private static readonly Dictionary<char, string[]> Templates = new()
    {
        ['n'] =
        [
            "(«n» + «n»)", "(«n» - «n»)", "(«n» * «n»)", "(«n» / «n»)", "(«n» % «n»)", "-(«n»)", "(«n»|floor)", "(«n»|fabs)", "(«n»|sqrt)", "(«n»|abs)", "(«n»|round)",
            "(«n»|trunc)", "(«n»|ceil)", "(«s»|length)", "(«s»|utf8bytelength)", "(«a»|length)", "(«o»|length)", "(«a»|add)", "(«a»|first)", "(«a»|last)", "(«a»|.[«i»])",
            "(«a»|min)", "(«a»|max)", "(«s»|tonumber)", "(«o»|.a)", "(«o»|.c[«i»])", "(«a»|index(«n»))", "(«a»|bsearch(«n»))", "(«s»|indices(«s»)|length)", "(«a»[])",
            "reduce «a»[] as $v («n»; . + $v)", "reduce «a»[] as [$v] (0; . + $v)", "(«b»|if . then «n:b» else 2 end)", "(«a»|min_by(-.))", "(«n»|tostring|tonumber)",
            "(«o»|getpath([\"c\", «i»]))", "(«a»|nth(«i»))", "([limit(«i»; «a»[])]|length)", "([skip(«i»; «a»[])]|length)", "(«s»|index(«s»))", "(«n»|length)", "(«n»|significand)",
            "(«n»|logb)", "(«n»|select(isnormal)|frexp[1])", "(«n»|numbers % 1e9|gmtime|mktime)", "(«o»|to_entries|map(.value)|.[0])", "([«a»|paths]|length)", "(«s»|explode|add)", "(«o»|.. | numbers)",
        ],
        ['s'] =
        [
            "(«s» + «s»)", "(«n»|tostring)", "(«a»|tojson)", "(«o»|tojson)", "(«t»|join(«s»))", "(«s»|ascii_upcase)", "(«s»|ascii_downcase)", "(«s»|.[«i»:])", "(«s»|.[:«i»])",
            "(«s»|.[«i»:«i»])", "(«s» * 2)", "(«s» * «i»)", "(«s»|ltrimstr(«s»))", "(«s»|rtrimstr(«s»))", "(«s»|trimstr(«s»))", "(«s»|gsub(\"[a-c]\"; \"<\\(.)>\"))",
            "(«s»|sub(\"(?<l>[a-z])\"; \"\\(.l)-\\(.l)\"))", "(«s»|gsub(\"(?<d>[0-9])|,\"; \"\\(.d)\"))", "\"v\\(«n»)w\"", "\"\\(«s»)\\(«a»)\"", "@base64 \"\\(«s»)\"", "(«s»|@base64|@base64d)",
            "(«s»|@uri)", "(«s»|@html)", "(«s»|@sh)", "(«a»|@csv)", "(«t»|@tsv)", "(«t»|@sh)", "(«o»|.b)", "(«o»|@json)", "(«s»|explode|implode)", "(«a»|type)", "(«s»|trim)",
            "(«t»|first)", "(«t»|.[«i»])", "(«o»|keys[0])", "(«s»|tojson)", "(try error(«s») catch .)", "(try («n» + «s») catch .)", "(try («a»|.[«s»]) catch .)", "(«t»|add)",
            "(«t»[])", "(«n»|numbers % 1e9|todate)", "(«n»|numbers % 1e9|strftime(\"%A %d %B %Y, %j\"))", "(«o»|.. | strings)", "(«t»|max)", "(«t»|min_by(length))", "(«s»|ltrim)", "(«b»|tostring)",
        ],
        ['a'] =
        [
            "[«n», «n»]", "(«a» + «a»)", "(«a» - «a»)", "(«a»|map(«n:n»))", "(«a»|map(select(«b:n»)))", "(«a»|sort)", "(«a»|reverse)", "(«a»|unique)", "(«a»|.[«i»:])", "(«a»|.[:«i»])",
            "(«a»|.[«i»:«i»])", "[«a»[] | «n:n»]", "[range(«i»)]", "[range(«i»; 4)]", "[range(3; «i»; -1)]", "(«a»|sort_by(«n:n»))", "(«a»|group_by(«n:n»))", "(«a»|unique_by(«n:n»))",
            "(«s»|explode)", "(«o»|.c)", "(«a»|.[«i»] = «n»)", "(«a»|.[«i»] |= «n:n»)", "(«a»|.[] += «n»)", "(«a»|.[] |= «n:n»)", "(«a»|.[«i»:3] = «a»)", "(«a»|.[1:] |= map(«n:n»))",
            "(«a»|del(.[«i»]))", "(«a»|del(.[«i»:]))", "(«a»|del(.[] | select(«b:n»)))", "(«a»|to_entries|map(.key))", "[foreach «a»[] as $v (0; . + $v)]", "[foreach «a»[] as $v (0; «n»; [$v, .])]",
            "[«a»[] as $v | $v * 2]", "[«a»[] | select(. > «n:n»)]", "(«a»|map_values(«n:n»))", "[limit(«i»; «a»[])]", "[first(«a»[])]", "(«a»|flatten)", "(«a»|flatten(1))",
            "([«a», «a»]|add)", "([«a», «a»]|transpose)", "([«a»|.[:2]]|[combinations])", "(«s»|[match(\"[a-c]\"; \"g\").offset])", "(«s»|[match(\"(a)|(b)\"; \"g\")|.captures|map(.offset)])",
            "(«a»|indices(«n»))", "(«a»|indices(«a»))", "[label $f | «a»[] | if . == 1 then break $f else . end]", "(«a»|tojson|fromjson)", "[«a»|..|numbers]", "[«a»|recurse]", "[«a»|tostream]",
            "(«a»|fromstream(tostream))", "[«a»|paths]", "(«a»|until(length < 2; .[1:]))", "[«a»|while(length > 1; .[1:])]", "(«a»|walk(numbers |= . + 1))", "(«a»|.[«i»:] as [$x, $y] | [$y, $x])",
            "[«a»|path(.[«i»], .[1:])]", "(«a»|(.[0], .[2]) = «n»)", "(«a»|first |= «n:n»)", "[«a»[]?, «n»]", "(«a»|map(«n:n»)|min_by(.))", "[splits(\"a\")?]", "(«a»|pick(.[«i»]))", "(«n»|select(isnormal)|[frexp, modf])",
        ],
        ['t'] =
        [
            "(«s»|split(«s»))", "(«s»|split(\"\"))", "[«s», «s»]", "(«t»|sort)", "(«t»|map(«s:s»))", "(«o»|keys)", "(«o»|keys_unsorted)", "(«a»|map(tostring))", "(«s»|[scan(\"[a-z]+\")])",
            "(«s»|[scan(\"(.)([a-z])\")])", "(«t» + «t»)", "(«t» - «t»)", "(«t»|unique)", "[«t»[] | select(length > 1)]", "(«s»|[splits(\"[,b]\")])", "(«t»|reverse)", "(«s» / «s»)",
            "(«t»|sort_by(length))", "(«t»|.[«i»] = «s»)", "(«t»|map(select(«b:s»)))", "(«o»|to_entries|map(.key))", "(«o»|[paths|tojson])", "(«t»|group_by(length)|map(.[0]))",
        ],
        ['o'] =
        [
            "{a: «n», b: «s», c: «a»}", "{b: «s», a: «n»}", "(«o» + «o»)", "(«o» * «o»)", "(«o»|.a = «n»)", "(«o»|.a |= «n:n»)", "(«o»|.a += «n»)", "(«o»|.a -= «n»)", "(«o»|.a *= «n»)",
            "(«o»|.a /= «n»)", "(«o»|.a %= «n»)", "(«o»|.a //= «n»)", "(«o»|.b //= «s»)", "(«o»|.c[«i»] = «n»)", "(«o»|.c |= «a:a»)", "(«o»|.c[1:] = «a»)", "(«o»|.c[] |= «n:n»)", "(«o»|del(.b))",
            "(«o»|del(.a, .c[«i»]))", "(«o»|del(..|nulls))", "(«o»|with_entries(.value |= tojson))", "(«o»|with_entries(select(.key < «s»)))", "(«o»|to_entries|from_entries)", "(«o»|map_values(.))",
            "(«o»|map_values(«b:n»))", "(«o»|map_values(numbers))", "(«o»|pick(.a))", "(«o»|pick(.c[«i»]))", "(«o»|.d.e = «n»)", "(«o»|.[«s»] = «n»)", "(«o»|setpath([\"c\", «i»]; «n»))",
            "(«o»|delpaths([[\"a\"], [\"c\", «i»]]))", "reduce «a»[] as $v ({}; .[$v|tostring] = $v)", "(«o»|(.a, .b) |= tostring)", "(«o»|(.. | numbers) |= . + 1)", "(«o»|(.a, .c) = (1, 2))",
            "(«t»|map({(.): 1})|add // {})", "(«o»|if has(«s») then .a = 2 else . end)", "(«s»|capture(\"(?<a>[a-c])(?<b>.)?\"))", "{(«s» + \"\"): «n»}", "{(«t»[]): «n»}", "(«a»|{a: .[0], b: \"q\", c: .})",
            "(«o»|tojson|fromjson)", "(«o»|walk(if type == \"number\" then . + 1 else . end))", "(«o» as {a: $a, c: [$c]} | {a: $a, b: \"\\($c)\", c: []})", "([«a» as [$a, $b] ?// $a | {a: $a, c: [$b]}]|.[0])",
            "(«o» as {$a, $b} | {$b, $a})", "(«a»|INDEX(.))", "(«o»|fromstream(tostream))", "(«o»|to_entries|map(select(.value))|from_entries)", "(«o»|reduce path(..) as $p (.; if ($p|length) > 1 then delpaths([$p]) else . end))",
        ],
        ['b'] =
        [
            "(«n» < «n»)", "(«n» == «n»)", "(«n» >= «n»)", "(«s» < «s»)", "(«s» == «s»)", "(«a» == «a»)", "(«a» < «a»)", "(«o» == «o»)", "(«o» < «o»)", "(«a» < «o»)", "(«b» and «b»)",
            "(«b» or «b»)", "(«b»|not)", "(«a»|any(. > «n:n»))", "(«a»|all(. > 1))", "(«a»|any)", "(«s»|test(\"[ab]\"))", "(«s»|test(\"^.{3}$\"))", "(«s»|startswith(«s»))", "(«s»|endswith(«s»))",
            "(«o»|has(«s»))", "(«a»|has(«i»))", "(«a»|contains(«a»))", "(«s»|contains(«s»))", "(«o»|contains(«o»))", "(«a»|inside(«a»))", "isempty(«a»[])", "(«n»|isnan)", "(«n»|isnormal)",
            "IN(«n»; «a»[])", "(«n»|IN(«a:n»[]))", "(«s»|in(«o:s»))", "(«b» != «b»)", "(«n»|. == tonumber)", "(«a»|sort == unique)",
        ],
        ['?'] =
        [
            "(if «b» then «K» else «K» end)", "(if «b» then «K» end)", "(«K» // «K»)", "(try «K» catch «K:s»)", "(«K»?)", "(«K», «K»)", "first(«K», «K»)", "last(«K», «K»)", "([«K»]|.[0])", "([«K», «K»]|.[«i»])",
            "(def f: «K»; f)", "(def f(g): g; f(«K»))", "(def f($x): $x; f(«K»))", "limit(2; «K», «K», «K»)", "(label $l | «K», break $l, «K»)", "(«K» as $x | $x)", "(«n» as $x | «K»)", "(«K» as $x | [«K»] | $x)",
            "(«n»|«K:n»)", "(«s»|«K:s»)", "(«a»|«K:a»)", "(«o»|«K:o»)", "(«t»|«K:t»)", "(«a»[]|«K:n»)", "getpath([])|«K»", "([.]|.[]|«K»)", "(reduce «a»[] as $v («K»; .))", "([. as [$q] ?// $q | «K»]|.[0])",
            "({a: «K»}|.a)", "(«K»|debug)", "([«K»]|tojson|fromjson|.[])", "([paths, path(.a?, .[0]?, (.. | numbers))]|«K:a»)", "error(«K»)?, «K»", "(«K» | select(«b»))",
        ],
    };

    private uint _state = (uint)seed * 2_654_435_761u + 1;

    public (string Program, string Input) Next()
    {
        var kind = "nsatob"[Pick(6)];
        var program = Expression("nsatob"[Pick(6)], kind, 0);
        return program.Length > LongestProgram ? Next() : (program, Leaf(kind).Replace("nan", "7", StringComparison.Ordinal).Replace("infinite", "1e400", StringComparison.Ordinal));
    }

    private string Expression(char kind, char input, int nesting)
    {
        if (kind == 'i') return Leaf('i');
        if (Pick(30) == 0) kind = "nsatob"[Pick(6)];
        if (nesting >= MostNesting || Pick(6) == 0) return kind == input || Pick(8) == 0 ? "." : Leaf(kind);
        var templates = Templates[Pick(4) == 0 ? '?' : kind];
        return Fill(templates[Pick(templates.Length)], kind, input, nesting);
    }

    private string Fill(string template, char kind, char input, int nesting)
    {
        var filled = new StringBuilder();
        for (var i = 0; i < template.Length; i++)
        {
            if (template[i] != '«')
            {
                filled.Append(template[i]);
                continue;
            }
            var wanted = template[++i] == 'K' ? kind : template[i];
            var from = input;
            if (template[++i] == ':') (from, i) = (template[i + 1], i + 2);
            filled.Append(Expression(wanted, from, nesting + 1));
        }
        return filled.ToString();
    }

    private string Leaf(char kind) => Leaves[kind][Pick(Leaves[kind].Length)];

    private int Pick(int count)
    {
        _state ^= _state << 13;
        _state ^= _state >> 17;
        _state ^= _state << 5;
        return (int)(_state % (uint)count);
    }
}
