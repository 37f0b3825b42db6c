using System.Text;
using Interlock.Core;
using Interlock.Http.Pages;
using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Http.Hosting;

/// <summary>Writes a problem: as RFC 7807 JSON, or as a page to a browser that looks at pages.</summary>
internal static class ProblemResponse
{
    /// <summary>A problem of the HTTP edge itself.</summary>
    public static Problem Of(int status, string rule, string title, string detail) => new(TypeOf(status), status, title, detail) { Stage = "http", Rule = rule };

    public static Task WriteAsync(HttpContext context, Problem problem, JsonValue? more = null)
    {
        context.Response.StatusCode = problem.Status;
        if (IsPage(context.Request)) return PageResult.WriteAsync(context, problem.Status, Layout.Problem(problem));
        var json = problem.ToJson();
        if (more is not null)
            foreach (var (name, value) in more.Members) json = json.With(name, value);
        return WriteJsonAsync(context, "application/problem+json", json);
    }

    public static Task WriteJsonAsync(HttpContext context, string contentType, JsonValue json)
    {
        var bytes = Encoding.UTF8.GetBytes(json.ToString());
        context.Response.ContentType = contentType;
        context.Response.ContentLength = bytes.Length;
        return context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }

    private static bool IsPage(HttpRequest request) =>
        !request.Path.StartsWithSegments("/api") && !request.Path.StartsWithSegments("/mcp") && !request.Path.StartsWithSegments("/.well-known")
        && request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    private static string TypeOf(int status) => status switch
    {
        401 => ProblemTypes.Authentication,
        403 => ProblemTypes.Authorization,
        404 => ProblemTypes.NotFound,
        409 => ProblemTypes.Conflict,
        413 or 429 => ProblemTypes.Limit,
        >= 500 => ProblemTypes.Runtime,
        _ => ProblemTypes.Validation,
    };
}
