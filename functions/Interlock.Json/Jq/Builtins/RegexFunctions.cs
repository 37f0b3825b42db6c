using System.Text.RegularExpressions;

namespace Interlock.Json.Jq;

/// <summary>The function under match, test, capture, scan, splits, sub: all matches as objects, or whether there is one.</summary>
internal static class RegexFunctions
{
    public static IReadOnlyList<Native> All { get; } = [new("_match", 3, Match)];

    private static JsonValue? Match(JqMachine machine, JsonValue input, JsonValue[] arguments)
    {
        var (pattern, flags) = (arguments[0], arguments[1]);
        if (!input.IsString) return machine.Fail($"{JqText.Describe(input)} cannot be matched, as it is not a string");
        if (!pattern.IsString) return machine.Fail($"{JqText.Describe(pattern)} is not a string");
        if (!flags.IsString && !flags.IsNull) return machine.Fail($"{JqText.Describe(flags)} is not a string");
        if (machine.Regex(pattern.AsString(), flags.StringOrNull() ?? "") is not { } regex) return null;
        var text = input.AsString();
        machine.CountWork(regex.Work(text));
        if (regex.Unfit(text) is { } unfit) return machine.Fail(unfit);
        var matches = regex.Matches(machine, text);
        if (arguments[2].IsTruthy) return matches.Any();
        var points = new PointCounter(text);
        var found = JsonValue.EmptyArray;
        foreach (var match in matches)
        {
            machine.CountWork(8L * regex.GroupNames.Count);
            found = machine.Built(found.Append(Describe(machine, match, regex.GroupNames, points)), 8 + (8 * regex.GroupNames.Count));
        }
        return found;
    }

    private static JsonValue Describe(JqMachine machine, Match match, IReadOnlyList<string?> names, PointCounter points)
    {
        var offset = points.At(match.Index);
        var captures = new JsonValue[names.Count];
        for (var i = 0; i < captures.Length; i++)
        {
            var group = match.Groups[i + 1];
            JsonValue name = names[i] is { } given ? given : JsonValue.Null;
            captures[i] = group.Success
                ? JsonValue.Object(
                    ("offset", points.At(group.Index)), ("length", points.At(group.Index + group.Length) - points.At(group.Index)),
                    ("string", machine.Text(group.Value)), ("name", name))
                : JsonValue.Object(("offset", -1), ("string", JsonValue.Null), ("length", 0), ("name", name));
        }
        return JsonValue.Object(
            ("offset", offset), ("length", points.At(match.Index + match.Length) - offset),
            ("string", machine.Text(match.Value)), ("captures", JsonValue.Array(captures)));
    }

    /// <summary>Turns UTF-16 indices into code point indices in constant time.</summary>
    private sealed class PointCounter
    {
        private readonly int[]? _points;

        public PointCounter(string text)
        {
            if (!text.Any(char.IsSurrogate)) return;
            _points = new int[text.Length + 1];
            for (var i = 0; i < text.Length; i++)
                _points[i + 1] = _points[i] + (JqStrings.IsPair(text, i) ? 0 : 1);
        }

        public double At(int unit) => _points?[unit] ?? unit;
    }
}
