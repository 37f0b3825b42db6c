using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Interlock.Core.Identity;
using Interlock.Functions.Edge;
using Interlock.Http.Hosting;
using Interlock.Tests.Architecture;
using Interlock.Tests.Azure.Parity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Interlock.Tests.Azure.Edge;

/// <summary>The app's HTTP functions in front of the pipeline: everything in it can be reached, and what it answers comes through as on the embedded host.</summary>
public sealed partial class HttpEdgeTests(EdgeFixture edge) : IClassFixture<EdgeFixture>
{
    private const string Initialize = """
        {"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"edge","version":"1"}}}
        """;

    private static readonly string[] _methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    [Fact]
    public async Task Answers_OfEveryEndpointToEveryMethod_AreTheEmbeddedHosts()
    {
        foreach (var path in Paths())
            foreach (var method in _methods)
                foreach (var authorized in (bool[])[false, true])
                    Assert.Equal($"{method} {path} {authorized}\n{await AskAsync(edge.Embedded, method, path, authorized)}", $"{method} {path} {authorized}\n{await AskAsync(edge.Functions, method, path, authorized)}");
    }

    [Fact]
    public async Task Endpoints_OfThePipeline_AreReachedAndEveryFunctionLeadsToOne()
    {
        foreach (var endpoint in Endpoints())
            foreach (var method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["POST"])
            {
                using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
                using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(edge.Functions.Address, Concrete(endpoint)));
                using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);

                Assert.True(response.Headers.Contains("Content-Security-Policy"), $"{method} {endpoint.RoutePattern.RawText} does not reach the pipeline.");
                Assert.NotEqual(HttpStatusCode.MethodNotAllowed, response.StatusCode);
            }
        Assert.Equal(FunctionsFront.Of(typeof(HttpFunctions)).Select(function => function.Name).Order(StringComparer.Ordinal), edge.Functions.Invoked.Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("/api/nothing")]
    [InlineData("/runs/x/y")]
    [InlineData("/.well-known/other")]
    [InlineData("/signin/other")]
    [InlineData("/assets/other.css")]
    [InlineData("/schemas/other.json")]
    public async Task Unknown_PathUnderARoute_IsThePipelinesProblem(string path)
    {
        var answer = await AskAsync(edge.Functions, "GET", path, authorized: false);

        Assert.StartsWith("404", answer, StringComparison.Ordinal);
        Assert.Contains("application/problem+json", answer, StringComparison.Ordinal);
        Assert.Equal(await AskAsync(edge.Embedded, "GET", path, authorized: false), answer);
    }

    [Fact]
    public async Task Wrong_Method_IsThePipelinesProblemWithAllow()
    {
        var answer = await AskAsync(edge.Functions, "DELETE", "/runs", authorized: false);

        Assert.StartsWith("405", answer, StringComparison.Ordinal);
        Assert.Contains("Allow: GET, HEAD", answer, StringComparison.Ordinal);
        Assert.Contains("method-not-allowed", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mcp_WithoutAToken_Is401WithTheMetadataThatIsThere()
    {
        var answer = await AskAsync(edge.Functions, "POST", "/mcp", authorized: false);
        var metadata = await AskAsync(edge.Functions, "GET", "/.well-known/oauth-protected-resource/mcp", authorized: false);

        Assert.StartsWith("401", answer, StringComparison.Ordinal);
        Assert.Contains("resource_metadata=\"http://host/.well-known/oauth-protected-resource/mcp\"", answer, StringComparison.Ordinal);
        Assert.Contains("\"resource\":\"http://host/mcp\"", metadata, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mcp_Initialize_IsAnsweredAsOnTheEmbeddedHost()
    {
        var answer = await McpAsync(edge.Functions);

        Assert.StartsWith("200", answer, StringComparison.Ordinal);
        Assert.Contains("Content-Type: application/json", answer, StringComparison.Ordinal);
        Assert.Contains("\"serverInfo\"", answer, StringComparison.Ordinal);
        Assert.Equal(await McpAsync(edge.Embedded), answer);
    }

    [Fact]
    public async Task Outside_TheRoutes_IsTheHosts()
    {
        using var http = new HttpClient();
        using var response = await http.GetAsync(new Uri(edge.Functions.Address, "/admin/host/status"), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.False(response.Headers.Contains("Content-Security-Policy"));
    }

    [Fact]
    public void Triggers_Keys_ProtectNothing() => Assert.All(FunctionsFront.Of(typeof(HttpFunctions)), function =>
    {
        Assert.Equal(Microsoft.Azure.Functions.Worker.AuthorizationLevel.Anonymous, function.Trigger.AuthLevel);
        Assert.Null(function.Trigger.Methods); // the host would answer the others itself
    });

    /// <summary>Management URLs carry the app's system key: whoever has one may raise, terminate and purge.</summary>
    [Fact]
    public void DurableClient_ManagementUrls_AreAskedForNowhere()
    {
        string[] harmless =
        [
            "ScheduleNewOrchestrationInstanceAsync", "RaiseEventAsync", "GetInstanceAsync", "GetInstancesAsync", "GetAllInstancesAsync", "PurgeInstanceAsync", "PurgeAllInstancesAsync",
        ];
        var uses = IlScan.Of(Assemblies.PathOf("Interlock.Functions"));

        var used = uses.Where(use => use is { Type: "Microsoft.DurableTask.Client.DurableTaskClient", Member: not null }).Select(use => use.Member!).Distinct().ToList();
        Assert.Contains("RaiseEventAsync", used);
        Assert.Empty(used.Except(harmless));
        Assert.DoesNotContain(uses, use => use.Type.Contains("DurableTaskClientExtensions", StringComparison.Ordinal) || use.Type.Contains("HttpManagementPayload", StringComparison.Ordinal));
    }

    /// <summary>The pipeline's endpoints, from the pipeline.</summary>
    private List<RouteEndpoint> Endpoints()
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        InterlockPipeline.Map(app, edge.Functions.Services.Web);
        return [.. ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).Cast<RouteEndpoint>()];
    }

    private IEnumerable<string> Paths() => Endpoints().Select(Concrete).Distinct();

    private static string Concrete(RouteEndpoint endpoint) => Parameter().Replace("/" + endpoint.RoutePattern.RawText!.TrimStart('/'), "0123456789abcdef0123456789abcdef"); // made from text

    private static async Task<string> AskAsync(ParityHost host, string method, string path, bool authorized)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), new Uri(host.Address, path));
        if (authorized) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", host.Token("dana", path == "/mcp" ? TokenClass.Mcp : TokenClass.Api));
        return await AnswerAsync(host, request);
    }

    private static async Task<string> McpAsync(ParityHost host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(host.Address, "/mcp"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", host.Token("dana", TokenClass.Mcp));
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Content = new StringContent(Initialize, Encoding.UTF8, "application/json");
        return await AnswerAsync(host, request);
    }

    /// <summary>Status, headers and body; without the host's port, what is random by design, and what the clock says.</summary>
    private static async Task<string> AnswerAsync(ParityHost host, HttpRequestMessage request)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var headers = response.Headers.Concat(response.Content.Headers).Where(header => header.Key is not ("Date" or "Server" or "Content-Length")).Select(header => $"{header.Key}: {string.Join(", ", header.Value)}");
        var text = $"{(int)response.StatusCode}\n{string.Join("\n", headers.Order(StringComparer.Ordinal))}\n{await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}";
        text = text.Replace(host.Address.GetLeftPart(UriPartial.Authority), "http://host", StringComparison.Ordinal);
        return Random().Replace(text, "~");
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();

    /// <summary>Secrets of forms and their cookies, hashes over records, times.</summary>
    [GeneratedRegex("(?<=name=\"antiforgery\" value=\")[^\"]*|(?<=Set-Cookie: [^=]*=)[^;]*|(?<=caller:)[0-9a-f]{32}|sha256:[0-9a-f]{64}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|\\+00:00)")]
    private static partial Regex Random();
}
