using System.Globalization;
using Interlock.Core;
using Interlock.Core.Approvals;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Http.Hosting;
using Interlock.Json;
using Microsoft.AspNetCore.Http;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

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
    /// <exception cref="InputRequiredException">The client is to open the gate's page, or to come back.</exception>
    /// <exception cref="UrlElicitationRequiredException">The client is to open the gate's page.</exception>
    public async Task<(GatewayCall Call, CallToolResult? Answer)> AskAsync(
        HttpContext context, GatewayCall call, string name, RegistrySnapshot registry, bool isKeyed, RequestState state, CancellationToken cancellationToken)
    {
        var result = await web.AdHoc.AskAsync(call, registry, isKeyed, state.Gate, cancellationToken);
        var opened = state.Gate is null ? null : Action(context);
        if (result is AdHocResult.Waiting { Gate: var undecided } && opened == "accept" && await IsClosedSoonAsync(undecided, cancellationToken))
            result = await web.AdHoc.AskAsync(call, registry, isKeyed, state.Gate, cancellationToken);
        return result switch
        {
            AdHocResult.Approved approved => (approved.Call, null),
            AdHocResult.Waiting waiting => (call, Tell(context, call, name, waiting.Gate, isKeyed, state, opened)),
            AdHocResult.Declined declined => (call, Declined(context, name, declined.Gate)),
            AdHocResult.Refused refused => (call, CallResults.Of(refused.Refusal.ToProblem())),
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
    private static string Action(HttpContext context) =>
        context.Features.Get<McpMessage>()?.Params?["inputResponses"]?[InputKey]?["action"]?.StringOrNull() ?? "accept";

    private CallToolResult Tell(HttpContext context, GatewayCall call, string name, Gate gate, bool isKeyed, RequestState state, string? opened)
    {
        var page = Page(context, gate);
        var support = context.Features.Get<McpMessage>() is { } message ? UrlElicitation.Of(context, message) : ElicitationSupport.None;
        if (support == ElicitationSupport.InputRequired && opened is null or "accept" && state.Rounds < MaxRounds)
        {
            var asked = opened is null ? new Dictionary<string, InputRequest> { [InputKey] = InputRequest.ForElicitation(Elicitation(name, gate, page, null)) } : null;
            throw new InputRequiredException(asked, RequestState.Write(web.Mac, call, isKeyed, gate, state.Rounds + 1));
        }
        if (support == ElicitationSupport.Error) throw new UrlElicitationRequiredException($"{name} waits for an approval.", [Elicitation(name, gate, page, gate.Id.Value)]);
        var problem = new Problem(ProblemTypes.Refused, 403, "The call waits for an approval", Waiting(name, gate, page)) { Stage = "authorize", Rule = "grant-required" };
        return CallResults.Of(problem, problem.ToJson().With("approval", Approval(gate, page)));
    }

    private static ElicitRequestParams Elicitation(string name, Gate gate, string page, string? id) => new()
    {
        Mode = "url",
        ElicitationId = id,
        Url = page,
        Message = $"{name} was not called: it needs an approval by {Approvers(gate)}. The page shows exactly what would be called. Open it, or pass its address on to one of them, until {Time(gate.Request.ExpiresAt)}.",
    };

    private static string Waiting(string name, Gate gate, string page) =>
        $"{name} was not called and nothing was done: it needs an approval by {Approvers(gate)}, who decide at {page} until {Time(gate.Request.ExpiresAt)}. " +
        "Tell the person you work for. Once it is approved, make exactly the same call again: it then passes once. Until then repeating it changes nothing, so do not repeat it in a loop.";

    private CallToolResult Declined(HttpContext context, string name, Gate gate)
    {
        var rejection = gate.Outcome == GateOutcome.Rejected ? gate.StandingVotes.LastOrDefault(vote => !vote.Approves) : null;
        var (type, rule, what) = gate.Outcome switch
        {
            GateOutcome.Rejected => (ProblemTypes.GateRejected, "gate-rejected", $"{rejection?.DisplayName ?? "An approver"} rejected it{(rejection?.Reason is { Length: > 0 } reason ? $" and said: {JsonValue.From(reason)}" : "")}."),
            GateOutcome.Expired => (ProblemTypes.GateExpired, "gate-expired", $"Nobody decided until {Time(gate.Request.ExpiresAt)}."),
            _ => (ProblemTypes.Refused, "grant-missing", "The approval was withdrawn."),
        };
        var problem = new Problem(type, 403, "The call was not approved",
            $"{name} was not called and nothing was done. {what} Do not make the call again unless the person you work for wants it asked again: the next such call asks people anew, and after {GateRate.MaxRejections} rejections within an hour nobody is asked.")
        {
            Stage = "authorize",
            Rule = rule,
        };
        return CallResults.Of(problem, problem.ToJson().With("approval", Approval(gate, Page(context, gate))));
    }

    private static JsonValue Approval(Gate gate, string page) => JsonValue.Object(
        ("id", gate.Id.Value), ("url", page), ("expiresAt", Time(gate.Request.ExpiresAt)), ("state", gate.Outcome is { } outcome ? outcome.ToString().ToLowerInvariant() : "open"));

    private string Page(HttpContext context, Gate gate) => $"{site.Origin(context.Request)}/approvals/{gate.Id}";

    private static string Approvers(Gate gate) => string.Join(" and ", gate.Request.Requirements.Select(requirement =>
        (requirement.Quorum > 1 ? $"{requirement.Quorum.ToString(CultureInfo.InvariantCulture)} of " : "") + string.Join(" or ", requirement.Approvers)));

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
