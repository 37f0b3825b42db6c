using Interlock.Core;
using Interlock.Http.Mcp;
using Interlock.Json;

namespace Interlock.Tests.Web;

/// <summary>What of a problem clients are sent: those that check results against a tool's output schema do so with errors too.</summary>
public sealed class CallResultsTests
{
    private static readonly Problem Waits = new(ProblemTypes.Refused, 403, "The call waits", "For people.") { Stage = "authorize", Rule = "grant-required" };

    [Fact]
    public void Fit_ProblemOfToolWithOutputSchema_IsNotInWhatTheSchemaIsAbout()
    {
        var contract = StrictJson.Parse("""{ "name": "pay", "outputSchema": { "type": "object", "required": ["payment"] } }""");
        var result = CallResults.Fit(contract, CallResults.Of(Waits));
        Assert.Null(result["structuredContent"]);
        Assert.Equal("grant-required", result["_meta"]!["interlock/problem"]!["rule"]!.AsString());
        Assert.Contains("grant-required", Assert.Single(result["content"]!.Items)["text"]!.AsString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Fit_ProblemOfToolWithoutOutputSchema_StaysStructured() =>
        Assert.Equal("grant-required", CallResults.Fit(JsonValue.Object(("name", "pay")), CallResults.Of(Waits))["structuredContent"]!["rule"]!.AsString());
}
