using System.Text;
using Interlock.Json;

namespace Interlock.Http.Pages;

/// <summary>Canonical JSON (RFC 8785: sorted names, one form per number and string) with line breaks for reading; never shortened.</summary>
internal static class PrettyJson
{
    public static string Write(JsonValue value)
    {
        var text = new StringBuilder();
        Write(text, value, 0);
        return text.ToString();
    }

    private static void Write(StringBuilder text, JsonValue value, int depth)
    {
        if (value.Count == 0 || !(value.IsArray || value.IsObject))
        {
            text.Append(JsonText.Write(value, sorted: true));
            return;
        }
        text.Append(value.IsArray ? '[' : '{');
        var first = true;
        foreach (var (name, item) in Parts(value))
        {
            if (!first) text.Append(',');
            first = false;
            NewLine(text, depth + 1);
            if (name is not null) text.Append(JsonText.Write(JsonValue.From(name))).Append(": ");
            Write(text, item, depth + 1);
        }
        NewLine(text, depth);
        text.Append(value.IsArray ? ']' : '}');
    }

    private static IEnumerable<(string? Name, JsonValue Value)> Parts(JsonValue value) => value.IsArray
        ? value.Items.Select(item => ((string?)null, item))
        : value.Members.OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => ((string?)member.Key, member.Value));

    private static void NewLine(StringBuilder text, int depth) => text.Append('\n').Append(' ', depth * 2);
}
