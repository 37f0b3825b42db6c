using System.Globalization;
using Interlock.Core.Audit;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>The audit records of calls: intent, outcome, refusal. Arguments and results appear as digests only.</summary>
internal static class CallRecords
{
    private const int MaxText = 4000;

    public static AuditChain ChainOf(GatewayCall call, DateTimeOffset now) => call.Site is { } site
        ? AuditChain.ForRun(call.Tenant, site.Run)
        : AuditChain.ForPrincipal(call.Tenant, call.Chain.Starter.Subject, now);

    public static AuditRecord Intent(AuditChain chain, AuthorizedCall authorized, JsonValue? issued, int attempt, DateTimeOffset now)
    {
        var details = JsonValue.EmptyObject;
        if (authorized.Routed.RepinnedFrom is { } from) details = details.With("repinnedFrom", from.Version).With("repinnedTo", authorized.Routed.Entry.Version);
        if (authorized.Routed.Tool is { } tool) details = details.With("tool", tool.Name);
        if (issued is not null) details = details.With("access", issued);
        return Of(chain, authorized.Call, $"intent:{authorized.Call.Effect}:{attempt}", AuditTypes.CallIntent, now) with
        {
            Attempt = attempt,
            ToolVersion = authorized.Routed.Tool?.Version ?? Version(authorized.Routed, TargetKind.Tool),
            AgentVersion = Version(authorized.Routed, TargetKind.Agent),
            ContractDigest = authorized.Routed.Target.ContractDigest,
            PolicyDigest = authorized.Decision.PolicyDigest,
            Epoch = authorized.Routed.Registry.Epoch,
            ArgumentsDigest = authorized.Frozen.Digest,
            Decision = authorized is { Gate: null, Under: null } ? "allow" : "approved",
            RuleIds = [.. authorized.Decision.RuleIds],
            Reason = authorized.Decision.Reason,
            Gate = authorized.Gate?.Id ?? authorized.Under,
            Details = details.Count == 0 ? null : details,
        };
    }

    /// <summary>An unknown outcome has an id of its own: what is learnt later is recorded beside it.</summary>
    public static AuditRecord Outcome(AuditChain chain, GatewayCall call, LedgerRow row) =>
        Of(chain, call, $"outcome:{call.Effect}:{row.Attempt}{(row.State == LedgerState.Unknown ? ":unknown" : "")}", AuditTypes.CallOutcome, row.EndedAt ?? row.IntendedAt) with
        {
            Attempt = row.Attempt,
            AgentVersion = row.AgentVersion,
            ArgumentsDigest = row.ArgumentsDigest,
            ResultDigest = row.OutputDigest,
            Outcome = row.State switch { LedgerState.Completed => "completed", LedgerState.Failed => "failed", LedgerState.InputRequired => "input-required", _ => "unknown" },
            Address = row.Address is { } address ? Excerpt.Of(address, MaxText) : null,
            Problem = row.Problem,
            Details = Details(row),
            DurationMs = row.EndedAt is { } ended ? (long)(ended - row.IntendedAt).TotalMilliseconds : null,
        };

    /// <summary>What usage is counted from, and what was blanked out.</summary>
    private static JsonValue? Details(LedgerRow row)
    {
        var details = JsonValue.EmptyObject;
        if (row.Bytes > 0) details = details.With("bytes", row.Bytes);
        if (row.Cost > 0) details = details.With("cost", row.Cost);
        if (row.Use is { } use) details = details.With("model", Excerpt.Of(use.Model, MaxText)).With("tokens", JsonValue.Object(("input", use.Tokens.Input), ("output", use.Tokens.Output)));
        if (row.IsLate) details = details.With("late", true);
        if (row.Redaction is { } redaction) details = details.With("redacted", redaction.Count).With("resultMac", redaction.Mac);
        return details.Count == 0 ? null : details;
    }

    public static AuditRecord Refused(AuditChain chain, GatewayCall call, Refusal refusal, DateTimeOffset now) =>
        Of(chain, call, $"refused:{call.Effect}:{refusal.Stage}:{refusal.Rule}{(refusal.Instead is { } earlier ? $":{earlier.At.UtcTicks.ToString(CultureInfo.InvariantCulture)}" : "")}", AuditTypes.CallRefused, now) with
        {
            ArgumentsDigest = CanonicalJson.Digest(call.Arguments),
            Decision = "refused",
            Stage = refusal.Stage,
            Rule = refusal.Rule,
            Reason = Excerpt.Of(refusal.Detail, MaxText),
            Gate = call.Grant,
            ResultDigest = refusal.Instead?.Digest,
            Details = refusal.Instead is { } instead ? JsonValue.Object(("answeredFrom", instead.At.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture))) : null,
        };

    public static AuditRecord Of(AuditChain chain, GatewayCall call, string id, string type, DateTimeOffset now) => new()
    {
        Id = id,
        Type = type,
        Time = now,
        Tenant = call.Tenant,
        Chain = chain.Id,
        Run = call.Site?.Run,
        WorkflowName = call.Site?.Workflow.Name,
        WorkflowVersion = call.Site?.Workflow.Version,
        WorkflowDigest = call.Site?.Workflow.Digest,
        Task = call.Site?.Task,
        Frame = call.Site?.Frame,
        Actors = [.. call.Chain.Subjects],
        Target = Excerpt.Of(call.Target, MaxText),
        Via = call.Via,
        Effect = call.Effect,
        Trace = call.TraceParent,
    };

    private static string? Version(RoutedCall routed, TargetKind kind) => routed.Call.Kind == kind ? routed.Entry.Version : null;
}
