using Interlock.Json;
using Microsoft.AspNetCore.Http;

namespace Interlock.Samples.DemoServers;

/// <summary>Requests and answers that are one JSON text.</summary>
internal static class JsonBody
{
    /// <exception cref="NotIJsonException">It has more bytes than that, or is no I-JSON.</exception>
    public static async Task<JsonValue> ReadAsync(HttpContext context, int maxBytes)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        if (body.Length > maxBytes) throw new NotIJsonException("The body is too large.", "");
        return StrictJson.Parse(body.ToArray());
    }

    public static Task WriteAsync(HttpContext context, JsonValue body)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToString(), context.RequestAborted);
    }
}
