using System.Text;
using System.Text.RegularExpressions;

namespace Interlock.Http.Mcp;

/// <summary>Whether an address is one of a template's (RFC 6570): a simple expression stands for part of one segment, any other for anything. In linear time.</summary>
internal static class UriTemplate
{
    private const int MaxLength = 2048;

    public static bool Matches(string template, string uri)
    {
        if (template.Length > MaxLength || uri.Length > MaxLength) return false;
        var pattern = new StringBuilder("\\A");
        for (var at = 0; at < template.Length;)
        {
            var open = template.IndexOf('{', at);
            var close = open < 0 ? -1 : template.IndexOf('}', open);
            if (close < 0) break;
            pattern.Append(Regex.Escape(template[at..open])).Append(open + 1 < close && (char.IsAsciiLetterOrDigit(template[open + 1]) || template[open + 1] == '_') ? "[^/?#]+" : ".*");
            at = close + 1;
            if (at == template.Length || template.IndexOf('{', at) < 0)
            {
                pattern.Append(Regex.Escape(template[at..]));
                return Regex.IsMatch(uri, pattern.Append("\\z").ToString(), RegexOptions.NonBacktracking | RegexOptions.Singleline);
            }
        }
        return template == uri;
    }
}
