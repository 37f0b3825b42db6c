namespace Interlock.Core.Workflows.Reading;

/// <summary>Shows a piece of the document in a message: short, and without control characters that a terminal would obey.</summary>
internal static class Quote
{
    public static string Short(string text)
    {
        var cut = text.Length <= 60 ? text : text[..60] + "…";
        return string.Concat(cut.Select(c => char.IsControl(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.Format
            ? $"\\u{(int)c:x4}" : c.ToString()));
    }
}
