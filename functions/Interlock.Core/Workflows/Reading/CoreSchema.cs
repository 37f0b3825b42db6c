using System.Text.RegularExpressions;
using Interlock.Json;

namespace Interlock.Core.Workflows.Reading;

/// <summary>What a plain scalar means in YAML 1.2's core schema: null, a boolean, a number, else a string.</summary>
internal static partial class CoreSchema
{
    /// <summary>The value, or null when the scalar is a string.</summary>
    /// <exception cref="NotIJsonException">A number that a double would change, or an infinity or NaN.</exception>
    public static JsonValue? Resolve(string plain) => plain switch
    {
        "" or "~" or "null" or "Null" or "NULL" => JsonValue.Null,
        "true" or "True" or "TRUE" => JsonValue.True,
        "false" or "False" or "FALSE" => JsonValue.False,
        _ when plain[0] is (>= '0' and <= '9') or '-' or '+' or '.' => Number(plain),
        _ => null,
    };

    private static JsonValue? Number(string plain)
    {
        if (Decimal().Match(plain) is { Success: true } match)
        {
            var whole = match.Groups["whole"].Value.TrimStart('0') is { Length: > 0 } digits ? digits : "0";
            var fraction = match.Groups["fraction"].Value is { Length: > 0 } written ? "." + written : "";
            return StrictJson.Parse($"{match.Groups["minus"].Value}{whole}{fraction}{match.Groups["exponent"].Value}");
        }
        if (Based().Match(plain) is { Success: true } based)
        {
            var style = based.Groups["hex"].Success ? 16 : 8;
            var text = based.Groups["digits"].Value.TrimStart('0');
            if (text.Length > 13) throw new NotIJsonException($"The number {plain[..Math.Min(40, plain.Length)]} is too large; send it as a string.", "");
            return JsonValue.From(text.Length == 0 ? 0 : Convert.ToInt64(text, style));
        }
        if (Special().IsMatch(plain)) throw new NotIJsonException($"{plain} is no JSON number.", "");
        return null;
    }

    [GeneratedRegex(@"^(?:\+|(?<minus>-))?(?:(?<whole>[0-9]+)(?:\.(?<fraction>[0-9]*))?|\.(?<fraction>[0-9]+))(?<exponent>[eE][-+]?[0-9]+)?$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Decimal();

    [GeneratedRegex(@"^0(?:(?<hex>x)(?<digits>[0-9a-fA-F]+)|o(?<digits>[0-7]+))$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Based();

    [GeneratedRegex(@"^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$", RegexOptions.CultureInvariant)]
    private static partial Regex Special();
}
