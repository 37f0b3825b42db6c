using System.Text;

namespace Interlock.Json.Jq;

/// <summary>JSON texts as jq reads and prints them, for what stands around a program: several in one text, numbers in jq's form.</summary>
public static class JqJson
{
    /// <summary>The values that stand in the text one after the other, read as they are asked for.</summary>
    /// <param name="text">JSON texts, with or without white space between them.</param>
    /// <param name="keepsNumbers">Whether a number keeps its digits as <see cref="JsonValue.Literal"/> where the double would be printed otherwise.</param>
    /// <exception cref="FormatException">The text is no JSON from there on; says why, and the line and column in bytes.</exception>
    public static IEnumerable<JsonValue> Read(string text, bool keepsNumbers = true)
    {
        var reader = new JqReader(text, keepsNumbers);
        while (reader.Next() is { } value) yield return value;
    }

    /// <summary>Compact JSON as jq prints it, members in their order.</summary>
    public static string Write(JsonValue value)
    {
        var text = new StringBuilder();
        JqText.Write(text, value, int.MaxValue);
        return text.ToString();
    }
}
