using Interlock.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Interlock.Http.Hosting;

/// <summary>Reads a body of a known type, whole, up to a limit, whatever its framing.</summary>
internal static class RequestBody
{
    public static async Task<(byte[] Bytes, string MediaType, Problem? Refusal)> ReadAsync(HttpContext context, int limit, params IReadOnlyList<string> mediaTypes)
    {
        var request = context.Request;
        var type = MediaTypeHeaderValue.TryParse(request.ContentType, out var parsed) ? parsed.MediaType.ToString().ToLowerInvariant() : "";
        if (!mediaTypes.Contains(type)) return ([], type, Unsupported($"Send the body as {string.Join(" or ", mediaTypes)}."));
        if (parsed is { Charset.Length: > 0 } && !parsed.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)) return ([], type, Unsupported("Send the body as UTF-8."));
        if (request.Headers.ContentEncoding.Count > 0) return ([], type, Unsupported("Send the body without a Content-Encoding."));
        if (request.ContentLength > limit) return ([], type, TooLarge(context, limit));
        using var body = new MemoryStream();
        var chunk = new byte[16 * 1024];
        while (await request.Body.ReadAsync(chunk, context.RequestAborted) is > 0 and var read)
        {
            if (body.Length + read > limit) return ([], type, TooLarge(context, limit));
            body.Write(chunk, 0, read);
        }
        return (body.ToArray(), type, null);
    }

    private static Problem Unsupported(string detail) => ProblemResponse.Of(415, "content-type", "The body's type is not supported", detail);

    private static Problem TooLarge(HttpContext context, int limit)
    {
        context.Response.Headers.Connection = "close"; // the rest of the body is not read
        return ProblemResponse.Of(413, "body-limit", "The body is too large", $"The body is larger than {limit} bytes.");
    }
}
