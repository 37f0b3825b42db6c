using System.Net;
using System.Text;
using Interlock.Core;
using Interlock.Core.Gateway;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>Reads answers: JSON strictly, text as text, all else as base64. Outside 200–299 they are errors that have the answer's status, but for redirects where they are wanted.</summary>
internal static class HttpAnswer
{
    /// <summary>Headers that hold a secret or ask for one.</summary>
    private static readonly string[] Withheld = ["authentication-info", "proxy-authenticate", "proxy-authentication-info", "set-cookie", "set-cookie2", "www-authenticate"];

    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);

    public static async Task<UpstreamResult> ReadAsync(HttpExchange exchange, HttpResponseMessage response, CancellationToken ct)
    {
        var status = (int)response.StatusCode;
        if (response.StatusCode == HttpStatusCode.TooManyRequests)
            return new UpstreamResult.Rejected(Failed(status)) { RetryAfter = UpstreamFailures.Rest(response.StatusCode, JsonRpcHttp.RetryAfter(response)) };
        var isGood = status is >= 200 and < 300 || (status is >= 300 and < 400 && exchange.TakesRedirects);
        try
        {
            var body = await response.Content.ReadAsByteArrayAsync(ct);
            if (isGood && exchange.Output == "raw") return new UpstreamResult.Completed(Convert.ToBase64String(body), IsError: false);
            var content = Content(body, response.Content.Headers.ContentType?.MediaType, response.Content.Headers.ContentType?.CharSet);
            if (!isGood) return new UpstreamResult.Completed(content, IsError: true) { Problem = Failed(status) };
            return new UpstreamResult.Completed(exchange.Output == "response" ? Whole(exchange, response, content) : content, IsError: false);
        }
        catch (NotIJsonException e) when (!isGood)
        {
            return new UpstreamResult.Completed(JsonValue.Null, IsError: true) { Problem = Failed(status) with { Detail = $"What it said is not I-JSON: {e.Message}" } };
        }
        catch (NotIJsonException e)
        {
            return Unreadable("The endpoint's answer makes no sense", $"It answered HTTP {status}, and what it said is not I-JSON at \"{e.Pointer}\": {e.Message}", "not-i-json");
        }
        catch (Exception e) when (UpstreamFailures.ProblemOf(e) is { Rule: "response-limit" } large)
        {
            return Unreadable(large.Title, large.Detail, large.Rule);
        }
    }

    /// <summary>It was done, by the endpoint's own word; only what came of it is lost.</summary>
    private static UpstreamResult.Completed Unreadable(string title, string? detail, string? rule) =>
        new(JsonValue.Null, IsError: true) { Problem = new Problem(ProblemTypes.Communication, 502, title, detail) { Rule = rule } };

    private static Problem Failed(int status) => new(
        ProblemTypes.Communication, status, status is >= 300 and < 400 ? $"The endpoint redirects (HTTP {status}); redirects are not followed" : $"The endpoint answered HTTP {status}");

    private static JsonValue Content(byte[] body, string? media, string? charset)
    {
        if (body.Length == 0) return JsonValue.Null;
        media = media?.ToLowerInvariant() ?? "";
        if (media == "application/json" || media.EndsWith("+json", StringComparison.Ordinal)) return StrictJson.Parse(body);
        return IsText(media) && Text(body, charset) is { } text ? text : Convert.ToBase64String(body);
    }

    private static bool IsText(string media) =>
        media.StartsWith("text/", StringComparison.Ordinal) || media.EndsWith("+xml", StringComparison.Ordinal) || media is "application/xml" or "application/x-www-form-urlencoded" or "application/yaml";

    private static string? Text(byte[] body, string? charset)
    {
        try
        {
            return charset?.Trim('"').ToLowerInvariant() switch
            {
                null or "utf-8" or "utf8" or "us-ascii" => Utf8.GetString(body),
                "iso-8859-1" => Encoding.Latin1.GetString(body),
                _ => null,
            };
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static JsonValue Whole(HttpExchange exchange, HttpResponseMessage response, JsonValue content) => JsonValue.Object(
        ("request", exchange.Shown()),
        ("statusCode", (int)response.StatusCode),
        ("headers", JsonValue.Object(response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .Select(header => KeyValuePair.Create(header.Key.ToLowerInvariant(), JsonValue.From(header.Value.ToString())))
            .Where(header => !Withheld.Contains(header.Key)).DistinctBy(header => header.Key))),
        ("content", content));
}
