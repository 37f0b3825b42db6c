using System.Text;

namespace Interlock.Json.Jq;

internal static class StringFunctions
{
    public static IReadOnlyList<Native> All { get; } =
    [
        new("utf8bytelength", 0, (machine, input, _) => input.IsString
            ? Encoding.UTF8.GetByteCount(input.AsString())
            : machine.Fail($"{JqText.Describe(input)} only strings have UTF-8 byte length")),
        new("startswith", 1, (machine, input, arguments) => input.IsString && arguments[0].IsString
            ? input.AsString().StartsWith(arguments[0].AsString(), StringComparison.Ordinal)
            : machine.Fail("startswith() requires string inputs")),
        new("endswith", 1, (machine, input, arguments) => input.IsString && arguments[0].IsString
            ? input.AsString().EndsWith(arguments[0].AsString(), StringComparison.Ordinal)
            : machine.Fail("endswith() requires string inputs")),
        new("ltrimstr", 1, (machine, input, arguments) => WithoutAffix(machine, input, arguments[0], start: true, end: false)),
        new("rtrimstr", 1, (machine, input, arguments) => WithoutAffix(machine, input, arguments[0], start: false, end: true)),
        new("trimstr", 1, (machine, input, arguments) => WithoutAffix(machine, input, arguments[0], start: true, end: true)),
        new("trim", 0, (machine, input, _) => Trim(machine, input, text => text.Trim())),
        new("ltrim", 0, (machine, input, _) => Trim(machine, input, text => text.TrimStart())),
        new("rtrim", 0, (machine, input, _) => Trim(machine, input, text => text.TrimEnd())),
        new("split", 1, (machine, input, arguments) => input.IsString && arguments[0].IsString
            ? JqStrings.Split(machine, input.AsString(), arguments[0].AsString())
            : machine.Fail("split input and separator must be strings")),
        new("join", 1, Join),
        new("explode", 0, (machine, input, _) => input.IsString
            ? JqStrings.Explode(machine, input.AsString())
            : machine.Fail("explode input must be a string")),
        new("implode", 0, (machine, input, _) => JqStrings.Implode(machine, input)),
        new("ascii_downcase", 0, (machine, input, _) => MapAscii(machine, input, char.IsAsciiLetterUpper)),
        new("ascii_upcase", 0, (machine, input, _) => MapAscii(machine, input, char.IsAsciiLetterLower)),
    ];

    private static JsonValue? WithoutAffix(JqMachine machine, JsonValue input, JsonValue affix, bool start, bool end)
    {
        if (!input.IsString || !affix.IsString) return machine.Fail($"{(start ? "starts" : "ends")}with() requires string inputs");
        var (text, part) = (input.AsString(), affix.AsString());
        if (part.Length == 0) return input;
        if (start && text.StartsWith(part, StringComparison.Ordinal)) text = text[part.Length..];
        if (end && text.EndsWith(part, StringComparison.Ordinal)) text = text[..^part.Length];
        return machine.Text(text);
    }

    private static JsonValue? Trim(JqMachine machine, JsonValue input, Func<string, string> trim) =>
        input.IsString ? machine.Text(trim(input.AsString())) : machine.Fail("trim input must be a string");

    private static JsonValue? MapAscii(JqMachine machine, JsonValue input, Func<char, bool> changes)
    {
        if (!input.IsString) return machine.Fail("explode input must be a string");
        machine.CountWork(input.Count);
        return machine.Text(string.Create(input.Count, (Text: input.AsString(), changes), static (target, source) =>
        {
            for (var i = 0; i < target.Length; i++) target[i] = source.changes(source.Text[i]) ? (char)(source.Text[i] ^ 0x20) : source.Text[i];
        }));
    }

    /// <summary>Null counts as an empty string, numbers and booleans as their JSON.</summary>
    private static JsonValue? Join(JqMachine machine, JsonValue input, JsonValue[] arguments)
    {
        if (!input.IsArray && !input.IsObject) return machine.Fail($"Cannot iterate over {JqText.Describe(input)}");
        JsonValue? joined = null;
        var text = new StringBuilder();
        foreach (var item in input.IsArray ? input.Items : input.Members.Select(member => member.Value))
        {
            if (joined is not null && !arguments[0].IsString && !arguments[0].IsNull) return JqArithmetic.Add(machine, text.ToString(), arguments[0]);
            if (joined is not null && arguments[0].IsString) text.Append(arguments[0].AsString());
            joined = JsonValue.EmptyString;
            if (item.IsArray || item.IsObject) return JqArithmetic.Add(machine, text.ToString(), item);
            if (!item.IsNull) text.Append(JqText.ToText(machine, item).AsString());
            machine.CountBytes(2L * arguments[0].Count);
        }
        return machine.Text(text.ToString());
    }
}
