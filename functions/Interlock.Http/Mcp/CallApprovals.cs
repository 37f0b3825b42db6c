using System.Globalization;
using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Gateway;
using Interlock.Core.Policy;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Http.Hosting;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Mcp;

/// <summary>
/// Asks for approvals of clients' own calls and tells clients, each in the way it understands: by a multi round-trip request whose page is the gate's, by the
/// error of 2025-11-25, or by an <c>isError</c> result with the link. A client that comes back with its state is kept waiting for a while, so that neither its
/// person nor its model is bothered again and again.
/// </summary>
internal sealed class CallApprovals(InterlockWeb web, Site site)
{
    private const string InputKey = "approval";

    /// <summary>How often a client is told to come back: clients give up by themselves after ten times, and then nobody tells the model why.</summary>
    private const int MaxRounds = 8;

    /// <summary>How many requests of one process are kept waiting; more are answered at once.</summary>
    private const int MaxWaiting = 256;

    private static readonly TimeSpan WaitFor = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private int _waiting;

    /// <summary>The call to make, which names its grant if it needed one; or what to answer instead.</summary>
    public async Task<(GatewayCall Call, McpAnswer? Answer)> AskAsync(
        McpExchange exchange, GatewayCall call, CallSubject subject, RegistrySnapshot registry, bool isKeyed, RequestState state, CancellationToken cancellationToken)
    {
        if (!web.Policies.Of(registry).Rules.Any(static rule => rule.Effect == PolicyEffect.RequireApproval)) return (call, null); // judged once, by the gateway
        var result = await web.AdHoc.AskAsync(call, registry, isKeyed, state.Gate, cancellationToken);
        var opened = state.Gate is null || state.IsUpstreams ? null : Action(exchange);
        if (result is AdHocResult.Waiting { Gate: var undecided } && opened == "accept" && await IsClosedSoonAsync(undecided, cancellationToken))
            result = await web.AdHoc.AskAsync(call, registry, isKeyed, state.Gate, cancellationToken);
        return result switch
        {
            AdHocResult.Approved approved => (approved.Call, null),
            AdHocResult.Waiting waiting => (call, Tell(exchange, call, subject, waiting.Gate, isKeyed, state, opened)),
            AdHocResult.Declined declined => (call, Declined(exchange, subject, declined.Gate)),
            AdHocResult.Refused refused => (call, subject.Fail(refused.Refusal.ToProblem(), null)),
            _ => (call, null),
        };
    }

    /// <summary>Waits a while for the decision, if that many don't already.</summary>
    private async Task<bool> IsClosedSoonAsync(Gate gate, CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref _waiting) > MaxWaiting) return false;
            var patience = web.Options.AnswerWithin is { } within && within < WaitFor ? within : WaitFor;
            for (var waited = TimeSpan.Zero; waited < patience; waited += LookEvery)
            {
                await Task.Delay(LookEvery, web.Time, cancellationToken);
                if (await web.Approvals.FindAsync(gate.Tenant, gate.Id, cancellationToken) is not { Outcome: null }) return true;
            }
            return false;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>What the client's person did when asked to open the page, or <c>accept</c> when the client was only told to come back.</summary>
    private static string Action(McpExchange exchange) => exchange.Params["inputResponses"]?[InputKey]?["action"]?.StringOrNull() ?? "accept";

    private McpAnswer Tell(McpExchange exchange, GatewayCall call, CallSubject subject, Gate gate, bool isKeyed, RequestState state, string? opened)
    {
        var (page, support) = (Page(exchange.Http, gate), UrlElicitation.Of(exchange));
        if (support == ElicitationSupport.InputRequired && opened is null or "accept" && state.Rounds < MaxRounds)
        {
            var answer = JsonValue.Object(("resultType", "input_required"), ("requestState", (state with { Gate = gate.Id, Rounds = state.Rounds + 1 }).Write(web.Mac, call, isKeyed, gate.Request.ExpiresAt + GrantCheck.Validity)));
            if (opened is not null) return McpAnswer.Of(answer);
            var asked = JsonValue.Object(("method", "elicitation/create"), ("params", Elicitation(subject.Name, gate, page, null)));
            return McpAnswer.Of(answer.With("inputRequests", JsonValue.Object((InputKey, asked))));
        }
        if (support == ElicitationSupport.Error) return UrlElicitation.Required($"{subject.Name} waits for an approval.", [Elicitation(subject.Name, gate, page, gate.Id.Value)]);
        var problem = new Problem(ProblemTypes.Refused, 403, "The call waits for an approval", Waiting(subject.Name, gate, page)) { Stage = "authorize", Rule = "grant-required" };
        return subject.Fail(problem, problem.ToJson().With("approval", Approval(gate, page)));
    }

    private static JsonValue Elicitation(string name, Gate gate, string page, string? id)
    {
        var asked = JsonValue.Object(
            ("mode", "url"),
            ("url", page),
            ("message", $"{name} was not called: it needs an approval by {Approvers(gate)}. The page shows exactly what would be called. Open it, or pass its address on to one of them, until {Time(gate.Request.ExpiresAt)}."));
        return id is null ? asked : asked.With("elicitationId", id);
    }

    private static string Waiting(string name, Gate gate, string page) =>
        $"{name} was not called and nothing was done: it needs an approval by {Approvers(gate)}, who decide at {page} until {Time(gate.Request.ExpiresAt)}. " +
        "Tell the person you work for. Once it is approved, make exactly the same call again: it then passes once. Until then repeating it changes nothing, so do not repeat it in a loop.";

    private McpAnswer Declined(McpExchange exchange, CallSubject subject, Gate gate)
    {
        var rejection = gate.Outcome == GateOutcome.Rejected ? gate.StandingVotes.LastOrDefault(vote => !vote.Approves) : null;
        var (type, rule, what) = gate.Outcome switch
        {
            GateOutcome.Rejected => (ProblemTypes.GateRejected, "gate-rejected", $"{rejection?.DisplayName ?? "An approver"} rejected it{(rejection?.Reason is { Length: > 0 } reason ? $" and said: {JsonValue.From(reason)}" : "")}."),
            GateOutcome.Expired => (ProblemTypes.GateExpired, "gate-expired", $"Nobody decided until {Time(gate.Request.ExpiresAt)}."),
            _ => (ProblemTypes.Refused, "grant-missing", "The approval was withdrawn."),
        };
        var problem = new Problem(type, 403, "The call was not approved",
            $"{subject.Name} was not called and nothing was done. {what} Do not make the call again unless the person you work for wants it asked again: the next such call asks people anew, and after {GateRate.MaxRejections} rejections within an hour nobody is asked.")
        {
            Stage = "authorize",
            Rule = rule,
        };
        return subject.Fail(problem, problem.ToJson().With("approval", Approval(gate, Page(exchange.Http, gate))));
    }

    private static JsonValue Approval(Gate gate, string page) => JsonValue.Object(
        ("id", gate.Id.Value), ("url", page), ("expiresAt", Time(gate.Request.ExpiresAt)), ("state", gate.Outcome is { } outcome ? outcome.ToString().ToLowerInvariant() : "open"));

    private string Page(HttpContext context, Gate gate) => $"{site.Origin(context.Request)}/approvals/{gate.Id}";

    private static string Approvers(Gate gate) => string.Join(" and ", gate.Request.Requirements.Select(requirement =>
        (requirement.Quorum > 1 ? $"{requirement.Quorum.ToString(CultureInfo.InvariantCulture)} of " : "") + string.Join(" or ", requirement.Approvers)));

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
