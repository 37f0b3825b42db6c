using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Interlock.Core.Registry;

/// <summary>
/// The names that clients and models see: <c>server__tool</c>, in at most 64 characters of <c>[A-Za-z0-9_-]</c>. A name follows from what it names alone, so it never
/// changes because of others; and no two are one: what could be read as another, or does not fit, is cut and ends in a digest of the whole.
/// </summary>
public static class ToolNames
{
    private const int MaxLength = 64;
    private const int DigestLength = 16;
    private const string Separator = "__";
    private const string Workflow = "workflow";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    /// <summary>The name that is seen for <c>server/tool</c>, or for a prompt of that name.</summary>
    public static string Name(string tool)
    {
        var slash = tool.IndexOf('/');
        var (server, own) = (tool[..slash], tool[(slash + 1)..]);
        return Fit(server + Separator + own, tool, isAmbiguous: server.Contains(Separator, StringComparison.Ordinal) || server.EndsWith('_') || server is Workflow);
    }

    /// <summary>The name that is seen for the workflow <c>namespace/name</c>.</summary>
    public static string WorkflowName(string workflow)
    {
        var slash = workflow.IndexOf('/');
        var (space, own) = (workflow[..slash], workflow[(slash + 1)..]);
        return Fit(Workflow + Separator + space + Separator + own, Workflow + ":" + workflow, isAmbiguous: space.Contains(Separator, StringComparison.Ordinal) || space.EndsWith('_'));
    }

    private static string Fit(string wanted, string whole, bool isAmbiguous)
    {
        if (!isAmbiguous && wanted.Length <= MaxLength && wanted.All(IsPlain) && !EndsLikeADigest(wanted)) return wanted;
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(whole)).AsSpan(0, DigestLength / 2));
        var plain = string.Concat(wanted.Select(c => IsPlain(c) ? c : '_'));
        return $"{plain[..Math.Min(plain.Length, MaxLength - digest.Length - 1)]}-{digest}";
    }

    private static bool EndsLikeADigest(string name) =>
        name.Length > DigestLength && name[^(DigestLength + 1)] == '-' && name.AsSpan(name.Length - DigestLength).IndexOfAnyExcept(HexDigits) < 0;

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-';
}
