using System.Globalization;
using Interlock.Core.Audit;
using Interlock.Core.Storage;

namespace Interlock.Core.Registry;

/// <summary>Records changes of a registry under who makes them, then writes them and raises the epoch, all or nothing.</summary>
internal sealed class RegistryWriter(RegistryStore registries, AuditLog audit, TimeProvider time, RegistryGuard? guard = null)
{
    /// <summary>A change is one batch of the store, with the epoch's row; one that comes from a proposal holds an entry less, for the proposal's row.</summary>
    public const int MaxEntries = TableRules.MaxBatchRows - 1;

    /// <summary>The rule that refuses a change of a registry that is another one by now.</summary>
    public const string Outdated = "registry-changed";

    private const int RecordsAtOnce = 32;

    /// <summary>Whether it only says what it would do.</summary>
    public bool IsTrial => guard is { IsTrial: true };

    /// <param name="by">The subject of who changes it.</param>
    /// <param name="before">The registry that the entries were made from.</param>
    /// <param name="entries">New versions, and known ones whose lifecycle changes.</param>
    /// <param name="rule">The rule that asked for it, if it was one; what the guard asks for is then not asked.</param>
    /// <param name="cancellationToken">Stops between the steps: what is recorded may not be written.</param>
    public async Task<RegistryResult> WriteAsync(string by, RegistrySnapshot before, IReadOnlyList<RegistryEntry> entries, string? rule, CancellationToken cancellationToken)
    {
        var most = guard?.Proposal is null ? MaxEntries : MaxEntries - 1;
        if (entries.Count > most)
            return RegistryResult.Refuse(400, "The change is too large", $"It would write {entries.Count} entries at once, and {most} is the most; register fewer tools on one server.");
        if (rule is null && guard?.Refuse(before) is { } no) return new RegistryResult.Refused(no, []);
        if (entries.All(entry => before.Find(entry.Kind, entry.Name, entry.Version) is { } same && same.Digest == entry.Digest && same.Lifecycle == entry.Lifecycle && same.Successor == entry.Successor && same.Shown?.Digest == entry.Shown?.Digest && same.PassedOver?.Length == entry.PassedOver?.Length))
            return new RegistryResult.Changed(before.Epoch, entries);
        if (IsTrial) return new RegistryResult.Changed(before.Epoch, entries);
        var now = time.GetUtcNow();
        var chain = AuditChain.ForPrincipal(before.Tenant, by, now);
        foreach (var recorded in entries.Chunk(RecordsAtOnce))
            await audit.AppendAsync(chain, [.. recorded.Select(entry => Record(chain, by, before.Epoch + 1, entry, rule, now))], [], cancellationToken);
        var change = await registries.WriteAsync(before.Tenant, entries, before.Epoch, rule is null ? guard?.Proposal : null, cancellationToken);
        if (change.Epoch is { } epoch) return new RegistryResult.Changed(epoch, entries);
        var refused = RegistryResult.Refuse(409, "The registry was not changed", change.Conflict ?? "");
        return change.IsOutdated ? refused with { Problem = refused.Problem with { Rule = Outdated } } : refused;
    }

    private static AuditRecord Record(AuditChain chain, string by, long epoch, RegistryEntry entry, string? rule, DateTimeOffset now) => new()
    {
        Id = $"registry:{epoch.ToString(CultureInfo.InvariantCulture)}:{entry.Kind}:{entry.Name}:{entry.Version}:{now.UtcTicks.ToString(CultureInfo.InvariantCulture)}",
        Type = AuditTypes.RegistryChanged,
        Time = now,
        Tenant = chain.Tenant,
        Chain = chain.Id,
        Actors = [by],
        Target = $"{entry.Kind.ToString().ToLowerInvariant()}:{entry.Name}",
        ToolVersion = entry.Version,
        ContractDigest = entry.Digest,
        Epoch = epoch,
        Decision = entry.Lifecycle.ToString().ToLowerInvariant(),
        Reason = entry.Reason,
        Rule = rule,
    };
}
