using Interlock.Core.Agents;
using Interlock.Json;
using Interlock.Tests.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Interlock.Tests.Agents;

/// <summary>An OpenAI-compatible endpoint on loopback that gives the answers of a script, in order, and the last one for ever.</summary>
internal sealed class ChatScript : IAsyncDisposable
{
    private readonly StubServer _server;

    private ChatScript(StubServer server) => _server = server;

    /// <summary>The API's base.</summary>
    public Uri Address => new(_server.Address, "/v1");

    public IReadOnlyList<StubRequest> Requests => [.. _server.Requests];

    public static async Task<ChatScript> StartAsync(params (int Status, string Body)[] script)
    {
        var at = -1;
        return new(await StubServer.StartAsync(async (context, _) =>
        {
            var (status, body) = script[Math.Min(Interlocked.Increment(ref at), script.Length - 1)];
            context.Response.StatusCode = status;
            if (status is 429 or 503) context.Response.Headers.RetryAfter = "7";
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(body);
        }));
    }

    public static Task<ChatScript> StartAsync(string body) => StartAsync((200, body));

    /// <summary>A completion whose message says this.</summary>
    public static string Says(string text, TokenCount? tokens = null) => Completion(JsonValue.Object(("role", "assistant"), ("content", text)), "stop", tokens);

    /// <summary>A completion whose message wants these called.</summary>
    public static string Wants(params (string Id, string Name, string Arguments)[] calls) => Wants(null, calls);

    public static string Wants(TokenCount? tokens, params (string Id, string Name, string Arguments)[] calls) => Completion(
        JsonValue.Object(("role", "assistant"), ("content", JsonValue.Null), ("tool_calls", JsonValue.Array(calls.Select(call => JsonValue.Object(
            ("id", call.Id), ("type", "function"), ("function", JsonValue.Object(("name", call.Name), ("arguments", call.Arguments)))))))), "tool_calls", tokens);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static string Completion(JsonValue message, string finish, TokenCount? tokens)
    {
        var used = tokens ?? new TokenCount(11, 7);
        return JsonValue.Object(
            ("id", "chatcmpl-1"), ("object", "chat.completion"), ("model", "small-2026"),
            ("choices", JsonValue.Array(JsonValue.Object(("index", 0), ("message", message), ("finish_reason", finish)))),
            ("usage", JsonValue.Object(("prompt_tokens", used.Input), ("completion_tokens", used.Output), ("total_tokens", used.Total)))).ToString();
    }
}
