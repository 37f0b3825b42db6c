using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Interlock.Local.Bench;

/// <summary>The least that a gateway on .NET costs: bodies and their headers go to the upstream and back, and nothing is looked at.</summary>
internal static class Forwarder
{
    private static readonly string[] Passed = ["Accept", "Mcp-Session-Id", "MCP-Protocol-Version"];

    public static void Map(WebApplication app, Uri upstream)
    {
        var http = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None, ActivityHeadersPropagator = null });
        app.Lifetime.ApplicationStopped.Register(http.Dispose);
        app.MapPost("/mcp", (RequestDelegate)(context => ForwardAsync(context, http, upstream)));
    }

    private static async Task ForwardAsync(HttpContext context, HttpMessageInvoker http, Uri upstream)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, upstream) { Content = new StreamContent(context.Request.Body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
        request.Content.Headers.ContentLength = context.Request.ContentLength;
        foreach (var name in Passed)
            if (context.Request.Headers.TryGetValue(name, out var value)) request.Headers.TryAddWithoutValidation(name, (string?)value);
        using var answer = await http.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentLength = answer.Content.Headers.ContentLength;
        if (answer.Content.Headers.ContentType is { } type) context.Response.ContentType = type.ToString();
        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
