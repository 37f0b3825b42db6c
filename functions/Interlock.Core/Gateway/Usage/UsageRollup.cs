using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Core.Gateway.Usage;

/// <summary>Usage per hour in table <c>usage</c>, derived from the audit: each record counts once.</summary>
public sealed class UsageRollup(ITableStore store, ITableStore auditStore)
{
    private readonly AuditRollup<Usage> _rollup = new(store, auditStore, "usage", static (_, record, _) => ValueTask.FromResult(Usage.Of(record)), Key, static (one, other) => one.Plus(other));

    /// <summary>Counts all that was recorded since the last time.</summary>
    public Task UpdateAsync(TenantId tenant, CancellationToken cancellationToken = default) => _rollup.UpdateAsync(tenant, cancellationToken);

    /// <summary>What was counted in these hours, both included, in their order.</summary>
    public IAsyncEnumerable<Usage> ReadAsync(TenantId tenant, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default) =>
        _rollup.ReadAsync(tenant, Usage.HourOf(from), Usage.HourOf(to), cancellationToken);

    /// <summary>Deletes hours before a time, at most so many rows at once, and says how many. Their records are not counted again.</summary>
    public Task<int> ForgetAsync(TenantId tenant, DateTimeOffset before, int most, CancellationToken cancellationToken = default) =>
        _rollup.ForgetAsync(tenant, Usage.HourOf(before), most, cancellationToken);

    private static string Key(Usage usage) =>
        $"{usage.Hour}|{CanonicalJson.Digest(JsonValue.Object(("caller", usage.Caller), ("tool", usage.Tool), ("run", usage.Run ?? "")))[7..39]}";
}
