using System.Globalization;
using System.Text.RegularExpressions;
using Interlock.Json;

namespace Interlock.Core.Workflows;

/// <summary>
/// Durations of the DSL: ISO 8601 with days, hours, minutes and seconds (<c>P2DT3H4M5.5S</c>; a week is <c>P7D</c>), or an object of
/// <c>days, hours, minutes, seconds, milliseconds</c>. Years and months have no fixed length and are refused. At most 3,650 days.
/// </summary>
public static partial class Durations
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    /// <exception cref="FormatException">The value is no duration, negative, or too long.</exception>
    public static TimeSpan Parse(JsonValue value) => value.Kind switch
    {
        JsonKind.String => Iso(value.AsString()),
        JsonKind.Object => Parts(value.Members),
        _ => throw new FormatException("A duration is an ISO 8601 text such as PT5M or an object such as { minutes: 5 }."),
    };

    private static TimeSpan Iso(string text)
    {
        if (IsoPattern().Match(text) is not { Success: true } match || text.EndsWith('P') || text.EndsWith('T'))
            throw new FormatException($"'{(text.Length > 40 ? text[..40] : text)}' is no ISO 8601 duration of days, hours, minutes and seconds, such as PT5M.");
        double Part(string name) =>
            match.Groups[name] is { Success: true } group ? double.Parse(group.Value, CultureInfo.InvariantCulture) : 0;
        return Sum(Part("d"), Part("h"), Part("m"), Part("s"), 0);
    }

    private static TimeSpan Parts(JsonMembers members)
    {
        foreach (var (name, part) in members)
        {
            if (name is not ("days" or "hours" or "minutes" or "seconds" or "milliseconds") || !part.IsNumber)
                throw new FormatException($"A duration has the numbers days, hours, minutes, seconds, milliseconds; '{name}' is none of them.");
        }
        double Part(string name) => members.Find(name)?.AsNumber() ?? 0;
        return Sum(Part("days"), Part("hours"), Part("minutes"), Part("seconds"), Part("milliseconds"));
    }

    private static TimeSpan Sum(double days, double hours, double minutes, double seconds, double milliseconds)
    {
        var total = (((((days * 24) + hours) * 60) + minutes) * 60_000) + (seconds * 1000) + milliseconds;
        if (double.IsNaN(total) || total < 0 || total > Longest.TotalMilliseconds)
            throw new FormatException("A duration is at least zero and at most 3,650 days.");
        return TimeSpan.FromTicks((long)Math.Round(total * TimeSpan.TicksPerMillisecond));
    }

    [GeneratedRegex(@"^P(?:(?<d>\d{1,9}(?:\.\d{1,9})?)D)?(?:T(?:(?<h>\d{1,9}(?:\.\d{1,9})?)H)?(?:(?<m>\d{1,9}(?:\.\d{1,9})?)M)?(?:(?<s>\d{1,9}(?:\.\d{1,9})?)S)?)?$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex IsoPattern();
}
