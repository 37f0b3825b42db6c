using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Registry;
using Interlock.Http.Hosting;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>Calls of what servers offer beside their tools (<see cref="UpstreamOperations"/>), through the gateway like every other.</summary>
internal sealed class OperationCalls(InterlockWeb web, InputRounds rounds, McpRefusals refusals)
{
    /// <param name="exchange">The request.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="registry">The registry as it is.</param>
    /// <param name="entry">The operation of its server.</param>
    /// <param name="arguments">The method's params.</param>
    /// <param name="subject">What the client asked for.</param>
    /// <param name="cancellationToken">Asks the upstream to stop.</param>
    /// <returns>The method's result, or an error that says why there is none.</returns>
    public async Task<McpAnswer> AnswerAsync(McpExchange exchange, McpCaller caller, RegistrySnapshot registry, RegistryEntry entry, JsonValue arguments, CallSubject subject, CancellationToken cancellationToken)
    {
        var call = ClientCalls.Of(exchange, caller, CallKeys.Fresh(), entry.Name, arguments, Deadline()) with { IsNew = true };
        if (RequestState.Read(web.Mac, exchange, caller, call, false, web.Time.GetUtcNow()) is not { } state || state is { Gate: not null }
            || !await rounds.TakeAsync(exchange, caller, call, registry, state, cancellationToken))
            return subject.Fail(await refusals.StateAsync(caller, call, cancellationToken), null);
        var (answers, invalid) = InputRounds.Answers(exchange, state);
        if (invalid is { } error) return error;
        call = call.GoingOn(state, answers);
        return await CallAsync(caller, call, cancellationToken) switch
        {
            GatewayResult.InputRequired required => rounds.Ask(exchange, call, subject, registry, false, state, required),
            var result => Result(result) is { } done ? McpAnswer.Of(done) : CallSubject.Lacking(exchange, result) ?? subject.Fail(ProblemOf(result), null),
        };
    }

    /// <summary>A call whose caller is asked for nothing: its result, or why there is none.</summary>
    public async Task<(JsonValue? Result, Problem? Problem)> AskAsync(McpExchange exchange, McpCaller caller, RegistryEntry entry, JsonValue arguments, TimeSpan patience, CancellationToken cancellationToken)
    {
        var deadline = web.Time.GetUtcNow() + patience;
        var call = ClientCalls.Of(exchange, caller, CallKeys.Fresh(), entry.Name, arguments, deadline < Deadline() ? deadline : Deadline()) with { IsNew = true };
        var result = await CallAsync(caller, call with { Link = new CallerLink { Token = caller.Exchangeable } }, cancellationToken);
        return Result(result) is { } done ? (done, null) : (null, ProblemOf(result));
    }

    private async Task<GatewayResult> CallAsync(McpCaller caller, GatewayCall call, CancellationToken cancellationToken)
    {
        if (caller.Permits(call.Target)) return await web.Gateway.CallAsync(call, cancellationToken);
        return new GatewayResult.Failed(await refusals.OutsideAsync(null, caller, call, cancellationToken));
    }

    /// <summary>What is answered later is no use here: these calls end before an answer would be cut off.</summary>
    private DateTimeOffset Deadline() => web.Time.GetUtcNow() + (web.Options.AnswerWithin is { } within && within < web.Options.CallDeadline ? within : web.Options.CallDeadline);

    private static JsonValue? Result(GatewayResult result) => result is GatewayResult.Completed done ? done.Result ?? done.Output : null;

    private static Problem ProblemOf(GatewayResult result) => result switch
    {
        GatewayResult.Failed failed => failed.Problem,
        GatewayResult.Refused refused => refused.Refusal.ToProblem(),
        GatewayResult.InDoubt doubt => doubt.Problem,
        GatewayResult.Completed => new Problem(ProblemTypes.Communication, 502, "The upstream's answer makes no sense", "Its result is not of this method."),
        _ => new Problem(ProblemTypes.Communication, 502, "The upstream did not answer the request", "It wants something that can't be given here."),
    };
}
