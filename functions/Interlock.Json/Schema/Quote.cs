using System.Text;

namespace Interlock.Json.Schema;

/// <summary>Values and names as messages show them: compact JSON, never more than 40 characters of a value.</summary>
internal static class Quote
{
    private const int Longest = 40;
    private const int MostNames = 20;

    public static string Shorten(string text) => text.Length <= Longest ? text : text[..Longest] + "…";

    public static string Text(string text)
    {
        var quoted = new StringBuilder();
        JsonText.WriteString(quoted, Shorten(text));
        return quoted.ToString();
    }

    public static string Value(JsonValue value) => value.Kind switch
    {
        JsonKind.String => Text(value.AsString()),
        JsonKind.Array when value.Count > Longest => $"an array of {value.Count} items",
        JsonKind.Object when value.Count > Longest => $"an object of {value.Count} members",
        _ => Shorten(Bounded(value)),
    };

    public static string Kind(JsonValue value) => value.Kind switch
    {
        JsonKind.Null => "null",
        JsonKind.True or JsonKind.False => "boolean",
        JsonKind.Number => "number",
        JsonKind.String => "string",
        JsonKind.Array => "array",
        _ => "object",
    };

    /// <summary>The value with its kind, where the kind does not show by itself.</summary>
    public static string Found(JsonValue value) => value.Kind switch
    {
        JsonKind.Null => "null",
        JsonKind.Array or JsonKind.Object => $"{Kind(value)} {Value(value)}",
        _ => $"{Kind(value)} {Value(value)}",
    };

    public static string Names(IEnumerable<string> names)
    {
        var all = names.Distinct(StringComparer.Ordinal).ToList();
        var shown = string.Join(", ", all.Take(MostNames).Select(Text));
        return all.Count > MostNames ? $"{shown} and {all.Count - MostNames} more" : shown;
    }

    public static string Values(IEnumerable<JsonValue> values)
    {
        var all = values.Distinct().ToList();
        var shown = string.Join(", ", all.Take(MostNames).Select(Value));
        return all.Count > MostNames ? $"{shown} and {all.Count - MostNames} more" : shown;
    }

    /// <summary><c>; did you mean "x"?</c> when one of the names is close to the one found, else nothing.</summary>
    public static string DidYouMean(string found, IEnumerable<string> names)
    {
        if (found.Length is < 2 or > 64) return "";
        string? best = null;
        var least = Math.Max(1, found.Length / 3) + 1;
        foreach (var name in names)
        {
            if (Math.Abs(name.Length - found.Length) >= least || name == found) continue;
            var distance = Distance(found.ToLowerInvariant(), name.ToLowerInvariant());
            if (distance < least) (best, least) = (name, distance);
        }
        return best is null ? "" : $"; did you mean {Text(best)}?";
    }

    /// <summary>Optimal string alignment: insertions, deletions, replacements and swaps of neighbours.</summary>
    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) d[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) d[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
            }
        }
        return d[a.Length, b.Length];
    }

    /// <summary>Writes only as much as is shown, so that a large or deep value costs nothing.</summary>
    private static string Bounded(JsonValue value)
    {
        var text = new StringBuilder();
        Write(text, value);
        return text.ToString();
    }

    private static void Write(StringBuilder text, JsonValue value)
    {
        if (text.Length > Longest) return;
        switch (value.Kind)
        {
            case JsonKind.Array:
                text.Append('[');
                for (var i = 0; i < value.Count && text.Length <= Longest; i++)
                {
                    if (i > 0) text.Append(',');
                    Write(text, value.Items[i]);
                }
                text.Append(']');
                break;
            case JsonKind.Object:
                text.Append('{');
                for (var i = 0; i < value.Count && text.Length <= Longest; i++)
                {
                    if (i > 0) text.Append(',');
                    text.Append(Text(value.Members[i].Key)).Append(':');
                    Write(text, value.Members[i].Value);
                }
                text.Append('}');
                break;
            case JsonKind.String:
                text.Append(Text(value.AsString()));
                break;
            default:
                text.Append(value);
                break;
        }
    }
}
