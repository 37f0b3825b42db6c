using System.Globalization;
using System.Text;
using Interlock.Json;

namespace Interlock.Core.Audit;

/// <summary>
/// Names of archived objects: <c>{tenant}/run/{day}/{run}.jsonl</c>, <c>{tenant}/principal/{day}/{subject}.jsonl</c> and
/// <c>{tenant}/heads/{number}.json</c> for checkpoints. What is no letter, digit, dash or underscore stands as <c>~</c> and a byte's two hex digits; a name that
/// gets too long is cut, and the digest of the chain's id added.
/// </summary>
public static class ArchiveName
{
    private const int MaxLength = 200;

    /// <param name="chain">The chain.</param>
    /// <param name="lastDay">The day of its last record.</param>
    internal static string Of(AuditChain chain, DateOnly lastDay) => chain.Principal is { } principal
        ? $"{Escape(chain.Tenant.Value)}/principal/{Day(principal.Day)}/{Part(principal.Subject, chain.Id)}.jsonl"
        : $"{Escape(chain.Tenant.Value)}/run/{Day(lastDay)}/{Part(chain.Run?.Value ?? chain.Id, chain.Id)}.jsonl";

    internal static string OfCheckpoint(TenantId tenant, long number) => $"{OfCheckpoints(tenant)}/{number.ToString("D10", CultureInfo.InvariantCulture)}.json";

    /// <summary>What the names of a tenant's checkpoints begin with; they sort by number.</summary>
    public static string OfCheckpoints(TenantId tenant) => $"{Escape(tenant.Value)}/heads";

    private static string Part(string text, string id)
    {
        var part = Escape(text);
        return part.Length <= MaxLength ? part : $"{part[..MaxLength]}~~{CanonicalJson.Digest(Encoding.UTF8.GetBytes(id))[7..]}";
    }

    private static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_') escaped.Append((char)b);
            else escaped.Append('~').Append(b.ToString("x2", CultureInfo.InvariantCulture));
        }
        return escaped.ToString();
    }

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
