using System.Globalization;

namespace Interlock.Http.Pages;

/// <summary>The times that forms offer to choose from, as hours.</summary>
internal static class Durations
{
    private const int MostHours = 24 * 90;

    /// <summary>A select's options.</summary>
    public static Html Options(string? chosen, params ReadOnlySpan<int> hours)
    {
        var options = new List<Html>();
        foreach (var count in hours)
        {
            var value = count.ToString(CultureInfo.InvariantCulture);
            options.Add(Html.Of($"""<option value="{value}"{Html.When(value == chosen, () => Html.Of($" selected"))}>{Text(count)}</option>"""));
        }
        return Html.Join(options);
    }

    /// <summary>What was chosen, or null when it is none of that form.</summary>
    public static TimeSpan? Read(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var hours) && hours is > 0 and <= MostHours ? TimeSpan.FromHours(hours) : null;

    private static string Text(int hours) => hours switch
    {
        1 => "1 hour",
        24 => "1 day",
        < 24 => string.Create(CultureInfo.InvariantCulture, $"{hours} hours"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{hours / 24} days"),
    };
}
