using Interlock.Core;
using Interlock.Core.Gateway;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Hosting;

/// <summary>
/// The outermost layer: security headers on every answer, the hosts and origins served, and one place where whatever went wrong becomes a
/// problem. Of an exception only a reference leaves the process; its text is logged.
/// </summary>
internal sealed partial class Edge(WebOptions options, Site site, EdgeRefusals refusals, ILogger<Edge> logger)
{
    private const string ContentPolicy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        Protect(context);
        if (!site.ServesHost(context.Request.Host))
        {
            await RefuseAsync(context, ProblemResponse.Of(403, "host-not-allowed", "This host is not served", "The Host header names a host that is not served here."));
            return;
        }
        if (IsForeign(context.Request))
        {
            await RefuseAsync(context, ProblemResponse.Of(403, "origin-not-allowed", "This origin is not allowed", "The Origin header names an origin that is not allowed here."));
            return;
        }
        try
        {
            await next(context);
            await ExplainAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; nobody is left to answer.
        }
        catch (BadHttpRequestException e)
        {
            await FailAsync(context, e.StatusCode, e.StatusCode == 413 ? "body-limit" : "malformed-request", "The request can't be read", "Its framing or size is not acceptable.");
        }
        catch (UnauthenticGateException)
        {
            await FailAsync(context, 409, "grant-unauthentic", "Nothing is known of this approval", UnauthenticGateException.Advice);
        }
        catch (Exception e)
        {
            var reference = Guid.NewGuid().ToString("N");
            Log.Failed(logger, e, context.Request.Method, reference);
            await FailAsync(context, 500, "internal-error", "Something broke here", $"It was logged under the reference {reference}; repeat the request, or give the reference to an operator.");
        }
    }

    private Task RefuseAsync(HttpContext context, Problem refusal)
    {
        refusals.Count(context, refusal);
        return ProblemResponse.WriteAsync(context, refusal);
    }

    private void Protect(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers.CacheControl = "no-store";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (site.IsSecure(context.Request)) headers.StrictTransportSecurity = "max-age=31536000";
    }

    /// <summary>For the machine faces: a browser page of another origin has no business there. Forms of the pages have their own, stricter check.</summary>
    private bool IsForeign(HttpRequest request)
    {
        if (!request.Path.StartsWithSegments("/api") && !request.Path.StartsWithSegments("/mcp")) return false;
        var origin = request.Headers.Origin.ToString();
        return origin.Length > 0
            && !string.Equals(origin, site.Origin(request), StringComparison.OrdinalIgnoreCase)
            && !options.AllowedOrigins.Contains(origin, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Routing answers an unknown path or method with a bare status.</summary>
    private static Task ExplainAsync(HttpContext context)
    {
        var response = context.Response;
        if (response.HasStarted || response.StatusCode < 400 || response.ContentType is not null || response.ContentLength > 0) return Task.CompletedTask;
        return ProblemResponse.WriteAsync(context, response.StatusCode switch
        {
            404 => ProblemResponse.Of(404, "unknown-path", "There is nothing here", "No page or resource has this address."),
            405 => ProblemResponse.Of(405, "method-not-allowed", "This method is not served here", $"Use {response.Headers.Allow}."),
            var status => ProblemResponse.Of(status, "refused", "The request was refused", "See the status."),
        });
    }

    private async Task FailAsync(HttpContext context, int status, string rule, string title, string detail)
    {
        if (context.Response.HasStarted)
        {
            context.Abort(); // half an answer must not look like a whole one
            return;
        }
        context.Response.Clear();
        Protect(context);
        await ProblemResponse.WriteAsync(context, ProblemResponse.Of(status, rule, title, detail));
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "{Method} failed; reference {Reference}")]
        public static partial void Failed(ILogger logger, Exception e, string method, string reference);
    }
}
