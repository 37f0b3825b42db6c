using System.Globalization;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Audit;

/// <summary>
/// One hash chain: <c>run:{run}</c>, and outside runs <c>principal:{subject}:{yyyy-MM-dd}</c> (UTC). Its rows are one partition of
/// <see cref="RecordsTable"/>; the tenant's chains are listed in <see cref="ChainsTable"/>.
/// </summary>
public readonly record struct AuditChain(TenantId Tenant, string Id)
{
    public const string RecordsTable = "audit";
    public const string ChainsTable = "auditchains";

    private const int SeqDigits = 19;

    private const string RunPrefix = "run:";
    private const string PrincipalPrefix = "principal:";
    private const string DayFormat = "yyyy-MM-dd";

    public static AuditChain ForRun(TenantId tenant, RunId run) => new(tenant, RunPrefix + run.Value);

    public static AuditChain ForPrincipal(TenantId tenant, string subject, DateTimeOffset now) =>
        new(tenant, $"{PrincipalPrefix}{subject}:{now.UtcDateTime.ToString(DayFormat, CultureInfo.InvariantCulture)}");

    /// <summary>The run whose chain it is, or null.</summary>
    internal RunId? Run => Id.StartsWith(RunPrefix, StringComparison.Ordinal) ? new RunId(Id[RunPrefix.Length..]) : null;

    /// <summary>Whose chain it is, and of which day; null for a run's.</summary>
    internal (string Subject, DateOnly Day)? Principal =>
        Id.StartsWith(PrincipalPrefix, StringComparison.Ordinal) && Id.LastIndexOf(':') is var end && end >= PrincipalPrefix.Length
        && DateOnly.TryParseExact(Id.AsSpan(end + 1), DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
            ? (Id[PrincipalPrefix.Length..end], day)
            : null;

    /// <summary>What the first record of a chain names as its predecessor: binds the chain to its name and tenant.</summary>
    public string Genesis => CanonicalJson.Digest(JsonValue.Object(("chain", Id), ("tenant", Tenant.Value)));

    internal string Partition => Keys.Join(Tenant.Value, Id);

    internal RowKey IndexKey => new(Keys.Join(Tenant.Value), Keys.Join(Id));

    internal static string SeqRow(long seq) => seq.ToString(CultureInfo.InvariantCulture).PadLeft(SeqDigits, '0');

    internal static string IdRow(string recordId) => Keys.Join("id:" + recordId);

    /// <summary>The range of the rows that are records; all other rows of the partition start with a letter.</summary>
    internal static (string From, string To) SeqRange => ("0", ":");
}
