namespace Interlock.Json.Jq;

/// <summary>Functions on any value: kinds, conversions, errors, the time.</summary>
internal static class CoreFunctions
{
    public static IReadOnlyList<Native> All { get; } =
    [
        new("not", 0, (_, input, _) => !input.IsTruthy),
        new("type", 0, (_, input, _) => JqText.KindName(input)),
        new("length", 0, Length),
        new("error", 0, (machine, input, _) => machine.Fail(input)),
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
            : input.IsNumber ? JqNumbers.Negate(input) : machine.Fail($"{JqText.Describe(input)} cannot be negated")),
        new("have_literal_numbers", 0, (machine, _, _) => machine.KeepsNumbers, IgnoresInput: true),
        new("have_decnum", 0, (machine, _, _) => machine.KeepsNumbers, IgnoresInput: true),
        new("_range", 3, (_, _, arguments) => JsonValue.Array(arguments), FirstIsOuter: true, IgnoresInput: true),
    ];

    private static JsonValue? Length(JqMachine machine, JsonValue input, JsonValue[] arguments) => input.Kind switch
    {
        JsonKind.Null => 0,
        JsonKind.Number => JqNumbers.Abs(input),
        JsonKind.String => JqStrings.Length(machine, input.AsString()),
        JsonKind.Array or JsonKind.Object => input.Count,
        _ => machine.Fail($"{JqText.Describe(input)} has no length"),
    };

    /// <summary>Ends the program, past every handler, with the input as its error.</summary>
    private static JsonValue? HaltError(JqMachine machine, JsonValue input, JsonValue[] arguments) => arguments[0].IsNumber
        ? throw new JqException(input, (int)Math.Clamp(arguments[0].AsNumber(), 0, 255))
        : machine.Fail($"{JqText.Describe(input)} halt_error/1: number required");

    private static JsonValue? FromJson(JqMachine machine, JsonValue input, JsonValue[] arguments)
    {
        if (!input.IsString) return machine.Fail($"{JqText.Describe(input)} only strings can be parsed");
        var text = input.AsString();
        machine.CountWork(text.Length);
        machine.CountBytes(8L * text.Length);
        try
        {
            var reader = new JqReader(text, machine.KeepsNumbers);
            if (reader.Next() is not { } value) return machine.Fail($"Expected JSON value (while parsing '{text}')");
            return reader.Next() is null ? value : machine.Fail($"Unexpected extra JSON values (while parsing '{text}')");
        }
        catch (FormatException e)
        {
            machine.CountWork(JqMachine.ExceptionWork);
            return machine.Fail($"{e.Message} (while parsing '{text}')");
        }
    }

    private static JsonValue? ToNumber(JqMachine machine, JsonValue input, JsonValue[] arguments)
    {
        if (input.IsNumber) return input;
        machine.CountWork(input.Count);
        return input.StringOrNull() is { } text && JqNumbers.Parse(text, machine.KeepsNumbers) is { } number
            ? number
            : machine.Fail($"{JqText.Describe(input)} cannot be parsed as a number");
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
}
