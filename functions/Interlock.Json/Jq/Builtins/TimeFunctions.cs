namespace Interlock.Json.Jq;

/// <summary>Conversions between seconds since 1970, broken-down time and text. The local time zone here is UTC.</summary>
internal static class TimeFunctions
{
    private const double MostSeconds = 1e15;

    public static IReadOnlyList<Native> All { get; } =
    [
        new("mktime", 0, MakeTime),
        new("gmtime", 0, (machine, input, _) => BrokenDown(machine, input, "gmtime")),
        new("localtime", 0, (machine, input, _) => BrokenDown(machine, input, "localtime")),
        new("strftime", 1, (machine, input, arguments) => Format(machine, input, arguments[0], "strftime")),
        new("strflocaltime", 1, (machine, input, arguments) => Format(machine, input, arguments[0], "strflocaltime")),
        new("strptime", 1, Parse),
    ];

    private static JsonValue? MakeTime(JqMachine machine, JsonValue input, JsonValue[] arguments)
    {
        if (!input.IsArray) return machine.Fail("mktime requires array inputs");
        if (FromArray(input) is not { } time) return machine.Fail("mktime requires parsed datetime inputs");
        return time.ToSeconds() switch // C and jq have two of these for failures
        {
            -1 => machine.Fail("invalid gmtime representation"),
            -2 => machine.Fail("mktime not supported on this platform"),
            var seconds => seconds,
        };
    }

    private static JsonValue? BrokenDown(JqMachine machine, JsonValue input, string name)
    {
        if (!input.IsNumber) return machine.Fail($"{name}() requires numeric inputs");
        if (!(Math.Abs(input.AsNumber()) <= MostSeconds)) return machine.Fail("error converting number of seconds since epoch to datetime");
        return ToArray(machine, CalendarTime.FromSeconds(input.AsNumber()));
    }

    private static JsonValue? Format(JqMachine machine, JsonValue input, JsonValue format, string name)
    {
        if (input.IsNumber)
        {
            if (BrokenDown(machine, input, "gmtime") is not { } broken) return null;
            input = broken;
        }
        if (!input.IsArray) return machine.Fail($"{name}/1 requires parsed datetime inputs");
        if (!format.IsString) return machine.Fail($"{name}/1 requires a string format");
        if (FromArray(input) is not { } time) return machine.Fail($"{name}/1 requires parsed datetime inputs");
        machine.CountWork(format.Count);
        return machine.Text(TimeFormat.Write(time, format.AsString()));
    }

    private static JsonValue? Parse(JqMachine machine, JsonValue input, JsonValue[] arguments)
    {
        if (!input.IsString || !arguments[0].IsString) return machine.Fail("strptime/1 requires string inputs and arguments");
        var (text, format) = (input.AsString(), arguments[0].AsString());
        machine.CountWork(text.Length + format.Length);
        if (TimeFormat.Read(text, format, out var rest) is not { } time || (rest.Length > 0 && !IsSpace(rest[0])))
            return machine.Fail($"date \"{text}\" does not match format \"{format}\"");
        var read = ToArray(machine, time);
        return rest.Length == 0 ? read : machine.Built(read.Append(machine.Text(rest)), 1);
    }

    private static JsonValue ToArray(JqMachine machine, CalendarTime time) => machine.Built(
        JsonValue.Array(time.Year, time.Month, time.Day, time.Hour, time.Minute, time.Second, time.WeekDay, time.YearDay), 8);

    private static bool IsSpace(char c) => c is ' ' or (>= '\t' and <= '\r');

    private static CalendarTime? FromArray(JsonValue input)
    {
        double[] fields = [1900, 0, 0, 0, 0, 0]; // C's zeros
        for (var i = 0; i < Math.Min(input.Count, 8); i++)
        {
            if (!input.Items[i].IsNumber || double.IsNaN(input.Items[i].AsNumber())) return null;
            if (i < fields.Length) fields[i] = Math.Clamp(input.Items[i].AsNumber(), int.MinValue, int.MaxValue);
        }
        return CalendarTime.Normalised(fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]);
    }
}
