using Interlock.Core;
using Interlock.Core.Endpoints;
using Interlock.Core.Gateway;
using Interlock.Http.Upstreams.Credentials;

namespace Interlock.Http.Upstreams;

/// <summary>
/// Calls plain HTTP endpoints: one request below the registered address, and its answer. Whatever status it has, an answer says how the call ended; redirects are never followed. Who asks
/// and where is the registration's: the arguments have neither.
/// </summary>
public sealed class HttpUpstream(HttpMessageHandler egress, UpstreamCredentials credentials, TimeProvider time) : IUpstream, IUpstreamDiscovery
{
    public async Task<UpstreamResult> InvokeAsync(UpstreamCall call, CancellationToken ct)
    {
        using var budget = new CallBudget(call.Deadline, time, ct);
        if (budget.Spent) return new UpstreamResult.NotSent(UpstreamFailures.OutOfTime(budget));
        var (exchange, flaw) = HttpExchange.Of(call);
        if (exchange is null)
            return new UpstreamResult.NotSent(new Problem(ProblemTypes.Validation, 400, "The request can't be made", flaw) { Rule = "arguments" }) { IsFinal = true };
        using var request = exchange.Request;
        using var sender = new HttpMessageInvoker(credentials.Handler(call.Endpoint, call.Subject) ?? egress, disposeHandler: false);
        if (call.Link?.Token is { } token) request.Options.Set(CredentialHandler.Caller, token);
        try
        {
            using var response = await sender.SendAsync(request, budget.Token);
            return await HttpAnswer.ReadAsync(exchange, response, budget.Token);
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e))
        {
            return UpstreamFailures.Of(e, exchange.Content.Sent, budget);
        }
    }

    /// <summary>What it offers is known without asking it: nobody knows what may be asked of it without an effect.</summary>
    public Task<DiscoveryResult> DiscoverAsync(UpstreamEndpoint endpoint, CancellationToken ct) => Task.FromResult(EndpointUri.Read(endpoint.Address.AbsoluteUri).Uri is { } address
        ? new DiscoveryResult(HttpContracts.Of(address), null, null)
        : DiscoveryResult.Failed(new Problem(ProblemTypes.Validation, 400, "The address is no HTTP endpoint's")));
}
