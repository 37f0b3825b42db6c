using Interlock.Http.Mcp;
using Interlock.Json;

namespace Interlock.Tests.Mcp.Conformance;

/// <summary>The tools that ask their caller for something before they answer.</summary>
internal static class FixtureInputs
{
    private const string First = "the first state";
    private const string Second = "the second state";

    private static readonly JsonValue Sampling = StrictJson.Parse("""
        { "method": "sampling/createMessage", "params": { "messages": [ { "role": "user", "content": { "type": "text", "text": "What is the capital of France?" } } ], "maxTokens": 100 } }
        """);

    private static readonly JsonValue Roots = StrictJson.Parse("""{ "method": "roots/list", "params": {} }""");

    public static JsonValue Form(string message, string field) => JsonValue.Object(("method", "elicitation/create"), ("params", JsonValue.Object(
        ("message", message),
        ("requestedSchema", JsonValue.Object(
            ("type", "object"), ("properties", JsonValue.Object((field, JsonValue.Object(("type", field == "ok" ? "boolean" : "string"))))), ("required", JsonValue.Array(JsonValue.From(field))))))));

    public static McpAnswer Ask(params (string Key, JsonValue Request)[] requests) => Ask(null, requests);

    /// <summary>What such a tool answers, or null when the name is not one's.</summary>
    public static McpAnswer? Call(McpExchange exchange, string name)
    {
        var (given, state) = (exchange.Params["inputResponses"], exchange.Params["requestState"]?.StringOrNull());
        return name switch
        {
            "test_input_required_result_elicitation" => given?["user_name"]?["content"]?["name"]?.StringOrNull() is { } who ? Said($"Hello, {who}!") : Ask(("user_name", Form("What is your name?", "name"))),
            "test_input_required_result_sampling" => given?["capital_question"]?["content"]?["text"]?.StringOrNull() is { } capital ? Said(capital) : Ask(("capital_question", Sampling)),
            "test_input_required_result_list_roots" => given?["client_roots"]?["roots"] is { IsArray: true } roots ? Said(roots.ToString()) : Ask(("client_roots", Roots)),
            "test_input_required_result_request_state" or "test_input_required_result_tampered_state" =>
                given?["confirm"] is null ? Ask(First, ("confirm", Form("Please confirm", "ok"))) : state == First ? Said("state-ok") : McpAnswer.Fail(McpErrorCodes.InvalidParams, "Not the state that was given."),
            "test_input_required_result_multiple_inputs" =>
                given?["user_name"] is not null && given["greeting"] is not null && given["client_roots"] is not null && state == First
                    ? Said("All of it.")
                    : Ask(First, ("user_name", Form("What is your name?", "name")), ("greeting", Sampling), ("client_roots", Roots)),
            "test_input_required_result_multi_round" => state switch
            {
                First when given?["step1"] is not null => Ask(Second, ("step2", Form("Step 2: What is your favorite color?", "color"))),
                Second when given?["step2"] is not null => Said("Thank you."),
                _ => Ask(First, ("step1", Form("Step 1: What is your name?", "name"))),
            },
            "test_input_required_result_capabilities" => Asked(exchange),
            "test_streaming_elicitation" => Ask(("confirm", Form("Please confirm", "ok"))),
            _ => null,
        };
    }

    private static McpAnswer Asked(McpExchange exchange)
    {
        var able = exchange.Capabilities;
        var requests = new List<(string, JsonValue)>();
        if (able?["sampling"] is not null) requests.Add(("question", Sampling));
        if (able?["elicitation"] is not null) requests.Add(("name", Form("What is your name?", "name")));
        return Ask([.. requests]);
    }

    private static McpAnswer Ask(string? state, params (string Key, JsonValue Request)[] requests)
    {
        var result = JsonValue.Object(("resultType", "input_required"), ("inputRequests", JsonValue.Object(requests)));
        return McpAnswer.Of(state is null ? result : result.With("requestState", state));
    }

    private static McpAnswer Said(string text) => McpAnswer.Of(JsonValue.Object(("content", CallResults.Text(text))));
}
