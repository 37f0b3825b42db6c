using Interlock.Core.Audit;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>The records of conversations that began. A frame has one with an agent, so its record is found by both.</summary>
internal static class ConversationRecords
{
    public static AuditRecord Opened(AuditChain chain, AuthorizedCall opened, JsonValue details, DateTimeOffset now)
    {
        var (entry, site) = (opened.Routed.Entry, opened.Call.Site!); // conversations are runs'
        return CallRecords.Of(chain, opened.Call, Id(site.Run, site.Frame, entry.Name), AuditTypes.AgentOpened, now) with
        {
            AgentVersion = entry.Version,
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
    }

    /// <summary>The conversation of a frame with an agent, if one began there.</summary>
    public static Task<AuditRecord?> FindAsync(AuditLog audit, AuditChain chain, RunId run, FrameId frame, string agent, CancellationToken cancellationToken) =>
        audit.FindAsync(chain, Id(run, frame, agent), cancellationToken);

    /// <summary>The gate that granted the conversation of which the call is a turn, or null.</summary>
    public static async Task<GateId?> GateAsync(AuditLog audit, GatewayCall call, CancellationToken cancellationToken) => call.Site is { } site
        ? (await FindAsync(audit, AuditChain.ForRun(call.Tenant, site.Run), site.Run, site.Frame, call.Target, cancellationToken))?.Gate
        : null;

    private static string Id(RunId run, FrameId frame, string agent) => $"opened:{EffectIds.Of(run, frame, $"opened:{agent}")}";
}
