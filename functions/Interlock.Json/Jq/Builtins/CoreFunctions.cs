using System.Globalization;
using System.Text.RegularExpressions;

namespace Interlock.Json.Jq;

/// <summary>Functions on any value: kinds, conversions, errors, the time.</summary>
internal static partial class CoreFunctions
{
    public static IReadOnlyList<Native> All { get; } =
    [
        new("not", 0, (_, input, _) => !input.IsTruthy),
        new("type", 0, (_, input, _) => JqText.KindName(input)),
        new("length", 0, Length),
        new("error", 0, (machine, input, _) => machine.Fail(input)),
        new("halt", 0, (_, _, _) => throw new JqException("The program halted"), IgnoresInput: true),
        new("halt_error", 1, HaltError),
        new("now", 0, (machine, _, _) => (machine.Scope.Now - DateTimeOffset.UnixEpoch).Ticks / (double)TimeSpan.TicksPerSecond, IgnoresInput: true),
        new("tostring", 0, (machine, input, _) => JqText.ToText(machine, input)),
        new("tojson", 0, (machine, input, _) => JqText.Dump(machine, input)),
        new("fromjson", 0, FromJson),
        new("tonumber", 0, ToNumber),
        new("toboolean", 0, ToBoolean),
        new("toarray", 0, (machine, input, _) => input.IsArray ? input : machine.Built(JsonValue.Array(input), 1)),
        new("format", 1, (machine, input, arguments) => arguments[0].IsString
            ? JqFormats.Apply(machine, arguments[0].AsString(), input)
            : machine.Fail($"{JqText.Describe(arguments[0])} is not a valid format")),
        new("abs", 0, (machine, input, _) => JqOrder.Compare(machine, input, 0) >= 0 ? input
            : input.IsNumber ? -input.AsNumber() : machine.Fail($"{JqText.Describe(input)} cannot be negated")),
        new("have_literal_numbers", 0, (_, _, _) => true, IgnoresInput: true),
        new("have_decnum", 0, (_, _, _) => false, IgnoresInput: true),
        new("_range", 3, (_, _, arguments) => JsonValue.Array(arguments), FirstIsOuter: true, IgnoresInput: true),
    ];

    private static JsonValue? Length(JqMachine machine, JsonValue input, JsonValue[] arguments) => input.Kind switch
    {
        JsonKind.Null => 0,
        JsonKind.Number => Math.Abs(input.AsNumber()),
        JsonKind.String => JqStrings.Length(machine, input.AsString()),
        JsonKind.Array or JsonKind.Object => input.Count,
        _ => machine.Fail($"{JqText.Describe(input)} has no length"),
    };

    /// <summary>Ends the program, past every handler, with the input as its error.</summary>
    private static JsonValue? HaltError(JqMachine machine, JsonValue input, JsonValue[] arguments) => arguments[0].IsNumber
        ? throw new JqException(input)
        : machine.Fail($"{JqText.Describe(input)} halt_error/1: number required");

    private static JsonValue? FromJson(JqMachine machine, JsonValue input, JsonValue[] arguments)
    {
        if (!input.IsString) return machine.Fail($"{JqText.Describe(input)} only strings can be parsed");
        var text = input.AsString();
        machine.CountWork(text.Length);
        machine.CountBytes(8L * text.Length);
        if (text.Trim() is "nan" or "NaN" or "-NaN") return double.NaN;
        try
        {
            return StrictJson.ParseLenient(text);
        }
        catch (NotIJsonException e)
        {
            machine.CountWork(JqMachine.ExceptionWork);
            return machine.Fail($"{e.Message} (while parsing '{text}')");
        }
    }

    private static JsonValue? ToNumber(JqMachine machine, JsonValue input, JsonValue[] arguments)
    {
        if (input.IsNumber) return input;
        if (!input.IsString || !Decimal().IsMatch(input.AsString()))
            return machine.Fail($"{JqText.Describe(input)} cannot be parsed as a number");
        var text = input.AsString();
        var value = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (text[0] is '+' or '.' || text.Contains("-.", StringComparison.Ordinal) || text.Contains(".e", StringComparison.OrdinalIgnoreCase) || text[^1] == '.')
            return value;
        try
        {
            return StrictJson.ParseLenient(text);
        }
        catch (NotIJsonException)
        {
            machine.CountWork(JqMachine.ExceptionWork);
            return value; // JSON allows no leading zeros, jq does here
        }
    }

    private static JsonValue? ToBoolean(JqMachine machine, JsonValue input, JsonValue[] arguments)
    {
        if (input.IsBoolean) return input;
        return input.StringOrNull() switch
        {
            "true" => JsonValue.True,
            "false" => JsonValue.False,
            _ => machine.Fail($"{JqText.Describe(input)} cannot be parsed as a boolean"),
        };
    }

    [GeneratedRegex(@"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\z", RegexOptions.CultureInvariant | RegexOptions.ECMAScript)]
    private static partial Regex Decimal();
}
