using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Registry;
using ModelContextProtocol;

namespace Interlock.Http.Upstreams;

/// <summary>Health checks: a ping over the pooled connection. Who answers is there, be it that it knows no ping or wants other credentials; a 5xx is no answer.</summary>
public sealed partial class McpUpstream : IUpstreamHealth
{
    private static readonly TimeSpan HealthTimeout = TimeSpan.FromSeconds(10);

    public async Task<Problem?> CheckAsync(UpstreamEndpoint endpoint, CancellationToken ct)
    {
        if (endpoint.Auth is UpstreamAuth.OnBehalfOf) return null;
        using var budget = new CallBudget(_time.GetUtcNow() + HealthTimeout, _time, ct);
        try
        {
            var (connection, use) = await _pool.GetAsync(endpoint, null, budget.Token);
            using (use) return await PingAsync(connection, budget);
        }
        catch (OperationCanceledException) when (budget.Token.IsCancellationRequested)
        {
            return UpstreamFailures.OutOfTime(budget);
        }
        catch (HttpRequestException e) when ((int?)e.StatusCode is >= 400 and < 500)
        {
            return null;
        }
        catch (Exception e) when (UpstreamFailures.IsExpected(e) || IsNegotiationFailure(e))
        {
            return UpstreamFailures.ProblemOf(e);
        }
    }

    private static async Task<Problem?> PingAsync(McpConnection connection, CallBudget budget)
    {
        try
        {
            await connection.Client.PingAsync((RequestOptions?)null, budget.Token);
            return null;
        }
        catch (McpException)
        {
            return null; // an answer: 2026-07-28 has no ping
        }
    }
}
