using System.Collections.Concurrent;
using Interlock.Core.Gateway.Callbacks;
using Interlock.Json;
using Interlock.Tests.Upstreams;

namespace Interlock.Tests.Agents;

/// <summary>An A2A agent of 1.0 on loopback that does as a test says, with what it was given.</summary>
internal sealed class ScriptedAgent : IAsyncDisposable
{
    private StubServer? _server;

    /// <summary>What it answers, of what it was sent and given: the <c>result</c>.</summary>
    public required Func<StubRequest, Given, Task<string>> Answers { get; init; }

    public bool Notifies { get; init; }

    public Uri Address => _server!.Address; // started before use

    public ConcurrentQueue<StubRequest> Requests => _server!.Requests; // as above

    public JsonValue Card => StrictJson.Parse($$$"""
        {"name":"helper","supportedInterfaces":[{"url":"{{{Address}}}","protocolBinding":"JSONRPC","protocolVersion":"1.0"}],"capabilities":{"pushNotifications":{{{(Notifies ? "true" : "false")}}}}}
        """);

    public async Task<ScriptedAgent> StartAsync()
    {
        _server = await StubServer.StartAsync(async (context, request) => await McpStub.ResultAsync(context, request, await Answers(request, Given.Of(request))));
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
    }

    /// <summary>A message whose one part is that.</summary>
    public static string Message(string data) => $$$"""{"message":{"messageId":"m","role":"ROLE_AGENT","parts":[{"data":{{{data}}}}]}}""";

    /// <summary>A task in that state.</summary>
    public static string Task(string state, string metadata = "{}", string artifacts = "[]") =>
        $$$"""{"task":{"id":"t1","contextId":"c1","status":{"state":"TASK_STATE_{{{state}}}"},"metadata":{{{metadata}}},"artifacts":{{{artifacts}}}}}""";
}

/// <summary>What came with a message to an agent.</summary>
internal sealed record Given(string Token, Uri? Url, JsonValue? Message, JsonValue? Push)
{
    public static Given Of(StubRequest request)
    {
        var parameters = request.Json!["params"]!;
        var access = parameters["message"]?["metadata"]?[RunAccess.Meta];
        return new(access?["token"]?.AsString() ?? "", access is null ? null : new Uri(access["url"]!.AsString()), parameters["message"], parameters["configuration"]?["taskPushNotificationConfig"]);
    }
}
