using System.Collections.Immutable;
using System.Text;
using Interlock.Core.Agents;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Identity;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Core.Registry.Pools;
using Interlock.Json;

namespace Interlock.Core.Gateway.Callbacks;

/// <summary>
/// What agents elsewhere get along with a call of a run: a run token for the tools of their registered pool that the run's chain may use, valid until the call's deadline
/// and an hour at most, and a place to notify. Both lead to the origin, which is read at each call; over https, or on this machine.
/// </summary>
public sealed class RunTokens(LocalIssuer issuer, Mac mac, PolicyCache policies, IDirectory directory, Func<Uri?> origin, TimeProvider time)
{
    public const string Rule = "run-token";

    /// <summary>A token travels in a header, and servers take headers of some KiB.</summary>
    private const int MaxPool = 4096;

    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>What an agent answers, as it may be recorded.</summary>
    internal UpstreamResult Hide(UpstreamResult result) => TokenMask.Apply(issuer, result);

    /// <summary>What the call carries, with what its record says of it; a refusal where its agent could not be reached or answered safely.</summary>
    internal async Task<StageResult<IssuedAccess>> IssueAsync(AuthorizedCall authorized, CancellationToken cancellationToken)
    {
        var (call, routed) = (authorized.Call, authorized.Routed);
        if (call is not { Kind: TargetKind.Agent, Site: { } site } || routed.Entry.As<AgentBody>().Settings is not { Protocol: not AgentProtocol.Chat } settings) return IssuedAccess.None;
        var own = origin();
        var target = own is not null && IsSafe(own) ? NotifyTarget.Of(mac, own, call.Tenant, site.Run, call.Effect) : null;
        var choices = PoolResolver.Resolve(settings.Pool with { Agents = [], Workflows = [] }, routed.Registry);
        if (choices.Chosen.IsEmpty && choices.Excluded.IsEmpty) return new IssuedAccess(null, target, null);
        if (own is null) return new Refusal(CommitStage.Name, Rule, 409, $"'{call.Target}' is to call back, and nobody knows at which address: the host must be told its origin.");
        if (!IsSafe(own) || !IsSafe(routed.Contract.Endpoint.Address) || !routed.Contract.Server.Replicas.All(IsSafe))
            return new Refusal(CommitStage.Name, Rule, 409, $"'{call.Target}' is to be given a token, and it travels over https or on this machine only.");
        var (tools, excluded) = await DivideAsync(call, routed, choices, cancellationToken);
        if (tools.IsEmpty) return new IssuedAccess(null, target, Details(tools, excluded, null, default));
        var latest = time.GetUtcNow() + Longest;
        var expires = call.Deadline < latest ? call.Deadline : latest;
        var claims = new RunTokenClaims(call.Tenant, site.Run, site.Frame, tools) { Call = call.Effect, AgentVersion = routed.Entry.Version };
        var agent = new Principal(call.Tenant, routed.Entry.Name, PrincipalKind.Agent, routed.Entry.Name, [], []);
        var token = issuer.Issue(new LocalTokenRequest(agent, TokenClass.Run, Longest, claims) { NotAfter = expires });
        return new IssuedAccess(new RunAccess(new Uri(own, "/mcp"), token, expires), target, Details(tools, excluded, token, expires));
    }

    /// <summary>The tools that the chain of the agent's own calls may use at all.</summary>
    private async Task<(ImmutableArray<ToolName> Tools, ImmutableArray<PoolExclusion> Excluded)> DivideAsync(GatewayCall call, RoutedCall routed, PoolChoices choices, CancellationToken cancellationToken)
    {
        var members = choices.Chosen.Select(choice => new PoolMember(choice.Target, choice.Kind, choice.Target, choice.Entry.Version, choice.Entry.As<ToolBody>().ContractDigest, "", JsonValue.EmptyObject));
        var (usable, refused) = await PoolRights.DivideAsync(policies.Of(routed.Registry), directory, call.Chain.For(routed.Entry.Name), members, call.Site?.Workflow.Name, time.GetUtcNow(), cancellationToken);
        var held = 0;
        var (named, tooMany) = (usable.TakeWhile(member => (held += member.Target.Length + 3) <= MaxPool).ToList(), new List<PoolExclusion>());
        if (named.Count < usable.Length) tooMany.Add(new PoolExclusion(usable[named.Count].Target, $"with it and what follows the token would name more than {MaxPool} characters of tools"));
        return ([.. named.Select(member => new ToolName(member.Target))], [.. choices.Excluded, .. refused, .. tooMany]);
    }

    private static JsonValue Details(ImmutableArray<ToolName> tools, ImmutableArray<PoolExclusion> excluded, string? token, DateTimeOffset expires)
    {
        var details = JsonValue.Object(
            ("pool", JsonValue.Array(tools.Select(tool => JsonValue.From(tool.Value)))),
            ("excluded", JsonValue.Array(excluded.Select(member => JsonValue.Object(("target", member.Target), ("why", member.Why))))));
        return token is null ? details : details.With("token", CanonicalJson.Digest(Encoding.ASCII.GetBytes(token))).With("expiresAt", expires.ToUnixTimeSeconds());
    }

    private static bool IsSafe(Uri address) => address.Scheme == Uri.UriSchemeHttps || address.IsLoopback;
}

/// <summary>What an agent is given with a call, and what the record of the call says of that.</summary>
internal sealed record IssuedAccess(RunAccess? Access, NotifyTarget? Notify, JsonValue? Details)
{
    public static IssuedAccess None { get; } = new(null, null, null);
}
