using System.Net;
using System.Net.ServerSentEvents;
using Interlock.Json;

namespace Interlock.Http.Upstreams;

/// <summary>Posts one JSON-RPC request and reads its answer, as JSON or from an event stream, strictly from the raw bytes.</summary>
internal static class JsonRpcHttp
{
    private static readonly TimeSpan LongestRest = TimeSpan.FromHours(1);

    /// <summary>The answer; <c>onMessage</c> is handed, in their order, the requests and notifications that the server sends on the stream before it.</summary>
    /// <exception cref="HttpRequestException">Connection, TLS or protocol failure.</exception>
    /// <exception cref="IOException">The answer broke off.</exception>
    public static async Task<JsonRpcReply> SendAsync(
        HttpClient http, HttpRequestMessage request, string id, Func<JsonValue, Task>? onMessage, CancellationToken ct)
    {
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        if (response is { IsSuccessStatusCode: true, Content.Headers.ContentType.MediaType: "text/event-stream" })
            return await ReadEventsAsync(response, id, onMessage, ct);
        return await ReadBodyAsync(response, id, ct);
    }

    /// <summary>
    /// The same of a request whose stream may hold several results: each is handed on, in order, until <paramref name="isLast"/> says that it was the last or there are no more. An
    /// answer that is no stream is one result.
    /// </summary>
    public static async Task<JsonRpcReply> StreamAsync(HttpClient http, HttpRequestMessage request, string id, Func<JsonValue, bool> isLast, CancellationToken ct)
    {
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        if (response is not { IsSuccessStatusCode: true, Content.Headers.ContentType.MediaType: "text/event-stream" })
        {
            var whole = await ReadBodyAsync(response, id, ct);
            if (whole is JsonRpcReply.Result { Value: var value }) isLast(value);
            return whole;
        }
        JsonRpcReply last = new JsonRpcReply.Garbled("The stream ended without an answer.");
        await using var stream = await response.Content.ReadAsStreamAsync(ct);
        await foreach (var item in SseParser.Create(stream, (_, data) => data.ToArray()).EnumerateAsync(ct))
        {
            if (item.Data.Length == 0 || Read(item.Data, id, response.StatusCode) is not { } reply) continue;
            last = reply;
            if (reply is not JsonRpcReply.Result { Value: var value } || isLast(value)) break;
        }
        return last;
    }

    /// <summary>How long the server wants to be left alone, where it says so: at most an hour.</summary>
    public static TimeSpan? RetryAfter(HttpResponseMessage response)
    {
        if (response.Headers.RetryAfter is not { } header) return null;
        var wanted = header.Delta ?? header.Date - (response.Headers.Date ?? header.Date);
        return wanted is not { } time ? null : time < TimeSpan.Zero ? TimeSpan.Zero : time > LongestRest ? LongestRest : time;
    }

    /// <summary>Hears what a server says on a stream of its own, to the stream's end; <see cref="HttpStatusCode.NoContent"/> where the answer is none.</summary>
    public static async Task<HttpStatusCode> ListenAsync(HttpClient http, HttpRequestMessage request, Func<JsonValue, Task> onMessage, CancellationToken ct)
    {
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        if (response is not { IsSuccessStatusCode: true, Content.Headers.ContentType.MediaType: "text/event-stream" }) return response.IsSuccessStatusCode ? HttpStatusCode.NoContent : response.StatusCode;
        await ReadEventsAsync(response, "", onMessage, ct);
        return HttpStatusCode.OK;
    }

    private static async Task<JsonRpcReply> ReadBodyAsync(HttpResponseMessage response, string id, CancellationToken ct)
    {
        if ((int)response.StatusCode is >= 300 and < 400) return new JsonRpcReply.Failed(response.StatusCode);

        var body = await response.Content.ReadAsByteArrayAsync(ct);
        var reply = Read(body, id, response.StatusCode);
        if (response.IsSuccessStatusCode) return reply ?? new JsonRpcReply.Garbled("The answer is not one to this request.");
        var retryAfter = RetryAfter(response);
        return reply is JsonRpcReply.Error error ? error with { RetryAfter = retryAfter } : new JsonRpcReply.Failed(response.StatusCode) { RetryAfter = retryAfter };
    }

    private static async Task<JsonRpcReply> ReadEventsAsync(
        HttpResponseMessage response, string id, Func<JsonValue, Task>? onMessage, CancellationToken ct)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(ct);
        await foreach (var item in SseParser.Create(stream, (_, data) => data.ToArray()).EnumerateAsync(ct))
        {
            if (item.Data.Length == 0) continue; // a priming event
            if (Read(item.Data, id, response.StatusCode) is { } reply) return reply;
            if (onMessage is not null && StrictJson.Parse(item.Data) is { } message && message["method"] is not null) await onMessage(message);
        }
        return new JsonRpcReply.Garbled("The stream ended without an answer.");
    }

    /// <summary>The reply, or null for a message that is none to this request.</summary>
    private static JsonRpcReply? Read(byte[] body, string id, HttpStatusCode status)
    {
        JsonValue message;
        try
        {
            message = StrictJson.Parse(body);
        }
        catch (NotIJsonException e)
        {
            return new JsonRpcReply.Garbled($"The answer is not I-JSON at \"{e.Pointer}\": {e.Message}", "not-i-json");
        }
        if (message["method"] is not null) return null;
        if (message["error"] is { IsObject: true } error && (message["id"] is null or { IsNull: true } || message["id"]?.StringOrNull() == id))
            return new JsonRpcReply.Error(
                error["code"] is { IsNumber: true } code ? code.AsNumber() : 0, error["message"]?.StringOrNull() ?? "(no message)", status, error["data"]);
        if (message["id"]?.StringOrNull() != id) return null;
        return message["result"] is { } result ? new JsonRpcReply.Result(result) : null;
    }
}
