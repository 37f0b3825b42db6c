using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Http.Mcp;
using Interlock.Http.Upstreams.Credentials;

namespace Interlock.Http.Upstreams;

/// <summary>
/// How sure a failure leaves us. Before the first byte of the call's body is written it was not sent; a refusal by the server's own
/// word or a 4xx is a rejection; everything else may have happened.
/// </summary>
internal static class UpstreamFailures
{
    /// <summary>JSON-RPC's and MCP's codes that mean the request was turned away before it was carried out.</summary>
    private static readonly double[] Refusals = [-32700, -32600, -32601, -32602, -32002, -32020, -32021, -32022, -32042];

    private const long MaxNeeds = 2000;

    private static readonly TimeSpan UnstatedRest = TimeSpan.FromSeconds(1);

    /// <summary>Rules of what is the same wherever and whenever it is tried again.</summary>
    private static readonly string?[] Final = ["egress-denied", CredentialException.Missing, CredentialException.CallerRequired];

    /// <summary>Whether this is a failure of the network, the server or the clock rather than a bug of ours.</summary>
    public static bool IsExpected(Exception e) =>
        e is HttpRequestException or IOException or SocketException or OperationCanceledException or TimeoutException or AuthenticationException
            or EgressDeniedException or CredentialException;

    public static UpstreamResult Of(Exception e, bool sent, CallBudget budget)
    {
        var problem = e is OperationCanceledException ? OutOfTime(budget) : ProblemOf(e);
        return sent ? new UpstreamResult.Unknown(problem) : new UpstreamResult.NotSent(problem) { IsFinal = Final.Contains(problem.Rule) };
    }

    /// <summary>The problem of a network failure; egress refusals and size limits name their rule.</summary>
    public static Problem ProblemOf(Exception e)
    {
        for (Exception? inner = e; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case EgressDeniedException denied:
                    return new(ProblemTypes.Refused, 403, "Egress denied", denied.Message) { Rule = "egress-denied" };
                case ResponseTooLargeException large:
                    return new(ProblemTypes.Limit, 502, "The upstream's answer is too large", large.Message) { Rule = "response-limit" };
                case CredentialException credential:
                    return credential.Problem;
            }
        }
        return e is HttpRequestException { StatusCode: { } status }
            ? new(ProblemTypes.Communication, 502, "The upstream refused the connection", $"It answered HTTP {(int)status}.")
            : new(ProblemTypes.Communication, 502, "The upstream could not be reached or broke off", e.Message);
    }

    public static Problem OutOfTime(CallBudget budget) => budget.CancelledByCaller
        ? new(ProblemTypes.Cancelled, 499, "The call was cancelled", "The upstream was asked to stop.")
        : new(ProblemTypes.Timeout, 408, "The call's deadline has passed", "The upstream was asked to stop; give the call more time if it needs it.");

    public static UpstreamResult Of(JsonRpcReply.Error error)
    {
        var problem = new Problem(ProblemTypes.Communication, 502, "The upstream answered with an error", $"{error.Code}: {error.Message}");
        if (error.Code == McpErrorCodes.MissingCapability && error.Data?["requiredCapabilities"] is { IsObject: true, Size: < MaxNeeds } needs) problem = problem with { Rule = "missing-capability", Needs = needs };
        return Refusals.Contains(error.Code) || IsRefusal(error.Status)
            ? new UpstreamResult.Rejected(problem) { RetryAfter = Rest(error.Status, error.RetryAfter) }
            : new UpstreamResult.Unknown(problem) { RetryAfter = Rest(error.Status, error.RetryAfter) };
    }

    public static UpstreamResult Of(JsonRpcReply.Failed failed)
    {
        if ((int)failed.Status is >= 300 and < 400)
        {
            // 307 and 308 ask for the same request elsewhere; the other redirects often answer a request that was carried out.
            var redirect = new Problem(
                ProblemTypes.Refused, 502, "The upstream redirects", "Redirects are not followed; register the address it redirects to.")
            {
                Rule = "egress-denied",
            };
            return failed.Status is HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
                ? new UpstreamResult.Rejected(redirect)
                : new UpstreamResult.Unknown(redirect);
        }
        var rest = Rest(failed.Status, failed.RetryAfter);
        var when = rest is { } pause ? $"; retry after {Math.Ceiling(pause.TotalSeconds):0} s" : "";
        var problem = new Problem(ProblemTypes.Communication, 502, "The upstream answered with an HTTP error", $"It answered HTTP {(int)failed.Status}{when}.");
        return IsRefusal(failed.Status)
            ? new UpstreamResult.Rejected(problem) { RetryAfter = rest }
            : new UpstreamResult.Unknown(problem) { RetryAfter = rest };
    }

    public static UpstreamResult.Unknown Of(JsonRpcReply.Garbled garbled) =>
        new(new(ProblemTypes.Communication, 502, "The upstream's answer makes no sense", garbled.Why) { Rule = garbled.Rule });

    /// <summary>What a reply that is no result comes to.</summary>
    public static UpstreamResult Of(JsonRpcReply reply) => reply switch
    {
        JsonRpcReply.Error error => Of(error),
        JsonRpcReply.Failed failed => Of(failed),
        JsonRpcReply.Garbled garbled => Of(garbled),
        _ => throw new InvalidOperationException($"Unexpected {reply}."),
    };

    /// <summary>The problem of such a reply.</summary>
    public static Problem ProblemOf(JsonRpcReply reply) => Of(reply) switch
    {
        UpstreamResult.Rejected rejected => rejected.Problem,
        UpstreamResult.Unknown unknown => unknown.Problem,
        var other => throw new InvalidOperationException($"Unexpected {other}."),
    };

    /// <summary>
    /// A 4xx says that the server did not do it; but 408 and 499 that someone stopped waiting, and 409 may speak of an earlier attempt. A 503 says nothing of that, whether it says when
    /// to come back or not: a proxy answers so too when the server behind it broke off in the middle.
    /// </summary>
    private static bool IsRefusal(HttpStatusCode status) => (int)status is >= 400 and < 500 and not (408 or 409 or 499);

    /// <summary>How long an upstream that has no time now is left alone; null where its status does not say so.</summary>
    public static TimeSpan? Rest(HttpStatusCode status, TimeSpan? retryAfter) => status switch
    {
        HttpStatusCode.TooManyRequests => retryAfter ?? UnstatedRest,
        HttpStatusCode.ServiceUnavailable => retryAfter,
        _ => null,
    };
}
