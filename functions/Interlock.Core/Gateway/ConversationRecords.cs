using Interlock.Core.Audit;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>The records of conversations that began. A frame has one conversation, so its record is found by the frame.</summary>
internal static class ConversationRecords
{
    public static AuditRecord Opened(AuditChain chain, AuthorizedCall opened, JsonValue details, DateTimeOffset now) =>
        CallRecords.Of(chain, opened.Call, Id(opened.Call.Site!), AuditTypes.AgentOpened, now) with // conversations are runs'
        {
            AgentVersion = opened.Routed.Entry.Version,
            ContractDigest = opened.Routed.Target.ContractDigest,
            PolicyDigest = opened.Decision.PolicyDigest,
            Epoch = opened.Routed.Registry.Epoch,
            ArgumentsDigest = opened.Frozen.Digest,
            Decision = opened.Gate is null ? "allow" : "approved",
            RuleIds = [.. opened.Decision.RuleIds],
            Reason = opened.Decision.Reason,
            Gate = opened.Gate?.Id,
            Details = details,
        };

    /// <summary>The conversation of a frame, if one began there.</summary>
    public static Task<AuditRecord?> FindAsync(AuditLog audit, TenantId tenant, CallSite site, CancellationToken cancellationToken) =>
        audit.FindAsync(AuditChain.ForRun(tenant, site.Run), Id(site), cancellationToken);

    /// <summary>The gate that granted the conversation of which the call is a turn, or null.</summary>
    public static async Task<GateId?> GateAsync(AuditLog audit, GatewayCall call, CancellationToken cancellationToken) =>
        call.Site is { } site && await FindAsync(audit, call.Tenant, site, cancellationToken) is { Gate: { } gate } opened && opened.Target == call.Target ? gate : null;

    private static string Id(CallSite site) => $"opened:{EffectIds.Of(site.Run, site.Frame, "opened")}";
}
