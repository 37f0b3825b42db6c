using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Runs;
using Interlock.Json;
using Interlock.Tests.Upstreams;
using Microsoft.AspNetCore.Http;

namespace Interlock.Tests.Calls;

/// <summary><c>call: http</c> from a document to a real server, through everything.</summary>
public sealed class HttpCallTests : IAsyncDisposable
{
    private readonly CallsFixture _host = new();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Call_Template_GetsWhatIsThere()
    {
        await StartAsync(Json("""{"id":7,"name":"milou"}"""));
        var state = await _host.RunAsync(
            """
              - get:
                  call: http
                  with: { method: get, endpoint: { uri: 'ORIGIN/v2/pet/{petId}?status={status}' }, query: { page: '2' }, headers: { Accept: application/json, X-Trace: '${ .status }' } }
                  output: { as: .name }
            """, """{"petId":"a b/c?","status":"on+off"}""".Replace("/", "", StringComparison.Ordinal));
        Assert.Equal((RunStatus.Completed, JsonValue.From("milou")), (state.Status, state.Output));
        Assert.Equal(["GET /v2/pet/a%20bc%3F?page=2&status=on%2Boff"], _host.Lines);
        var request = Assert.Single(_host.Requests);
        Assert.Equal("Bearer s3cr3t", request.Headers["Authorization"]);
        Assert.Equal("application/json", request.Headers["Accept"]);
        Assert.Equal("on+off", request.Headers["X-Trace"]);
        Assert.Equal("0", request.Headers["Content-Length"]);
        Assert.StartsWith("http://127.0.0.1:", "http://" + request.Headers["Host"], StringComparison.Ordinal);
        var intent = Assert.Single(await _host.RecordsAsync(state.Id, AuditTypes.CallIntent));
        Assert.Equal(("pets/GET", "http:GET"), (intent.Target, intent.Via));
        Assert.Equal(intent.Effect?.Value, request.Headers["Idempotency-Key"]);
        Assert.Equal("completed", Assert.Single(await _host.RecordsAsync(state.Id, AuditTypes.CallOutcome)).Outcome);
    }

    [Fact]
    public async Task Call_Expression_PutsABody()
    {
        await StartAsync(Json("{}"));
        var state = await _host.RunAsync(
            """
              - put:
                  call: http
                  with: { method: put, endpoint: '${ "ORIGIN/v2/pet/\(.id)" }', body: '${ . + { status: "sold" } }' }
                  metadata: { interlock: { idempotencyKey: '${ "pet-\(.id)" }' } }
            """, """{"id":7}""");
        Assert.Equal(RunStatus.Completed, state.Status);
        Assert.Equal(["PUT /v2/pet/7"], _host.Lines);
        var request = Assert.Single(_host.Requests);
        Assert.Equal("""{"id":7,"status":"sold"}""", request.Json?.ToString());
        Assert.Equal(("application/json", "pet-7"), (request.Headers["Content-Type"], request.Headers["Idempotency-Key"]));
    }

    [Theory]
    [InlineData("content", """{"a":1}""")]
    [InlineData("raw", "\"eyJhIjoxfQ==\"")]
    public async Task Call_Output_IsWhatIsAskedFor(string output, string expected)
    {
        await StartAsync(Json("""{"a":1}"""));
        var state = await _host.RunAsync($"  - get: {{ call: http, with: {{ method: GET, endpoint: ORIGIN/v2, output: {output} }} }}");
        Assert.Equal(expected, state.Output?.ToString());
    }

    [Fact]
    public async Task Call_Response_HasNoCredentialsAndNoCookies()
    {
        await StartAsync(async (context, request) =>
        {
            context.Response.Headers.SetCookie = "session=1";
            context.Response.Headers["X-Left"] = "3";
            await Json("""{"a":1}""")(context, request);
        });
        var state = await _host.RunAsync("  - get: { call: http, with: { method: get, endpoint: ORIGIN/v2/x, output: response, headers: { X-A: b } } }");
        Assert.Equal(200, state.Output?["statusCode"]?.AsNumber());
        Assert.Equal("""{"a":1}""", state.Output?["content"]?.ToString());
        Assert.Equal("3", state.Output?["headers"]?["x-left"]?.AsString());
        Assert.Null(state.Output?["headers"]?["set-cookie"]);
        Assert.Equal($$$"""{"method":"GET","uri":"{{{_host.Origin}}}/v2/x","headers":{"x-a":"b"}}""", state.Output?["request"]?.ToString());
        Assert.DoesNotContain("s3cr3t", RunJson.ToValue(state).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("text/plain; charset=utf-8", "grüß", "\"grüß\"")]
    [InlineData("application/octet-stream", "ab", "\"YWI=\"")]
    [InlineData("application/problem+json", "[1]", "[1]")]
    [InlineData("application/json", "", "null")]
    public async Task Call_Content_IsReadByItsType(string type, string body, string expected)
    {
        await StartAsync((context, _) =>
        {
            context.Response.ContentType = type;
            return context.Response.WriteAsync(body);
        });
        var state = await _host.RunAsync("  - get: { call: http, with: { method: get, endpoint: ORIGIN/v2/x } }");
        Assert.Equal(expected, state.Output?.ToString());
    }

    [Theory]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task Call_Status_IsAnErrorThatIsCaughtByIt(int status)
    {
        await StartAsync((context, _) =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync("no such thing");
        });
        var state = await _host.RunAsync($$"""
              - try:
                  try:
                    - get: { call: http, with: { method: post, endpoint: ORIGIN/v2/x, body: { a: 1 } } }
                  catch:
                    errors: { with: { type: 'https://serverlessworkflow.io/spec/1.0.0/errors/communication', status: {{status}} } }
                    as: error
                    do:
                      - keep: { set: '${ $error }' }
            """);
        Assert.Equal(RunStatus.Completed, state.Status);
        Assert.Equal("/do/0/try/try/0/get", state.Output?["instance"]?.AsString());
        Assert.Single(_host.Requests);
    }

    [Theory]
    [InlineData("", "faulted")]
    [InlineData(", redirect: true", "completed")]
    public async Task Call_Redirect_IsNeverFollowed(string redirect, string ends)
    {
        await StartAsync((context, _) =>
        {
            context.Response.Redirect("http://169.254.169.254/latest/meta-data");
            return Task.CompletedTask;
        });
        var state = await _host.RunAsync($"  - get: {{ call: http, with: {{ method: get, endpoint: ORIGIN/v2/x, output: response{redirect} }} }}");
        Assert.Equal(ends, state.Status.Text());
        Assert.Single(_host.Requests);
        if (state.Status == RunStatus.Completed) Assert.Equal((302, "http://169.254.169.254/latest/meta-data"), (state.Output?["statusCode"]?.AsNumber(), state.Output?["headers"]?["location"]?.AsString()));
        else Assert.Equal((ProblemTypes.Communication, 302), (state.Error?.Type, state.Error?.Status));
    }

    [Fact]
    public async Task Call_NotIJson_IsAnErrorAndNoDoubt()
    {
        await StartAsync(Json("""{"a":1,"a":2}"""));
        var state = await _host.RunAsync("  - post: { call: http, with: { method: post, endpoint: ORIGIN/v2/x } }");
        Assert.Equal((ProblemTypes.Communication, "not-i-json"), (state.Error?.Type, state.Error?.Rule));
        Assert.Equal("failed", Assert.Single(await _host.RecordsAsync(state.Id, AuditTypes.CallOutcome)).Outcome);
    }

    [Fact]
    public async Task Call_AnswerTooLarge_IsAnErrorAndNoDoubt()
    {
        await StartAsync(async (context, _) =>
        {
            for (var i = 0; i < 9; i++) await context.Response.Body.WriteAsync(new byte[1024 * 1024]);
        });
        var state = await _host.RunAsync("  - post: { call: http, with: { method: post, endpoint: ORIGIN/v2/x } }");
        Assert.Equal((ProblemTypes.Communication, "response-limit"), (state.Error?.Type, state.Error?.Rule));
    }

    [Fact]
    public async Task Call_TooManyRequests_IsSentAgainAsTheEndpointAsks()
    {
        var times = 0;
        await StartAsync((context, request) =>
        {
            context.Response.Headers.RetryAfter = "0";
            context.Response.StatusCode = times++ == 0 ? 429 : 200;
            return context.Response.WriteAsync("");
        });
        var state = await _host.RunAsync("  - post: { call: http, with: { method: post, endpoint: ORIGIN/v2/x } }");
        Assert.Equal(RunStatus.Completed, state.Status);
        Assert.Single(_host.Requests.Select(request => request.Headers["Idempotency-Key"]).Distinct());
        Assert.Equal(2, _host.Requests.Count);
    }

    [Fact]
    public async Task Call_ServerOfAReusedConnectionHangsUp_IsNotSentAgain()
    {
        await StartAsync((context, _) =>
        {
            if (_host.Requests.Count > 1) context.Abort();
            return Task.CompletedTask;
        });
        foreach (var ends in (RunStatus[])[RunStatus.Completed, RunStatus.Faulted]) Assert.Equal(ends, (await _host.RunAsync("  - get: { call: http, with: { method: get, endpoint: ORIGIN/v2/x } }")).Status);
        Assert.Equal(2, _host.Requests.Count);
    }

    [Theory]
    [InlineData("text/plain", "'${ .b }'", "c")]
    [InlineData("application/x-www-form-urlencoded", "{ a: 'x y', b: [1, true] }", "a=x%20y&b=1&b=true")]
    [InlineData("application/vnd.x+json", "[1.50]", "[1.5]")]
    public async Task Call_Body_IsWrittenByItsType(string type, string body, string expected)
    {
        await StartAsync(Json("1"));
        var state = await _host.RunAsync($"  - post: {{ call: http, with: {{ method: post, endpoint: ORIGIN/v2/x, headers: {{ Content-Type: {type} }}, body: {body} }} }}", """{"b":"c"}""");
        Assert.Equal(RunStatus.Completed, state.Status);
        var request = Assert.Single(_host.Requests);
        Assert.Equal((type, expected), (request.Headers["Content-Type"], System.Text.Encoding.UTF8.GetString(request.Body)));
    }

    [Fact]
    public async Task Call_BodyThatNoTypeHas_IsNotSent()
    {
        await StartAsync(Json("1"));
        var state = await _host.RunAsync("  - post: { call: http, with: { method: post, endpoint: ORIGIN/v2/x, headers: { Content-Type: text/plain }, body: { a: 1 } } }");
        Assert.Equal(("arguments", "invoke"), (state.Error?.Rule, state.Error?.Stage));
        Assert.Empty(_host.Requests);
    }

    [Fact]
    public async Task Call_KeyThatNoHeaderHolds_IsSentAsItsDigest()
    {
        await StartAsync(Json("1"));
        var state = await _host.RunAsync("  - post: { call: http, with: { method: post, endpoint: ORIGIN/v2/x }, metadata: { interlock: { idempotencyKey: '${ .key }' } } }", """{"key":"a\r\nHost: evil"}""");
        Assert.Equal(RunStatus.Completed, state.Status);
        Assert.StartsWith("sha256:", Assert.Single(_host.Requests).Headers["Idempotency-Key"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_ConnectionBroken_IsInDoubtAndNotSentAgain()
    {
        await StartAsync((context, _) =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        foreach (var method in (string[])["get", "delete-me", "post"])
        {
            _host.Requests.Clear();
            var name = method == "delete-me" ? "patch" : method;
            var state = await _host.RunAsync($"  - a: {{ call: http, with: {{ method: {name}, endpoint: ORIGIN/v2/x }} }}");
            Assert.Equal(ProblemTypes.InDoubt, state.Error?.Type);
            Assert.Single(_host.Requests);
        }
    }

    [Fact]
    public async Task Call_LongestBase_IsTheOneThatIsAsked()
    {
        await StartAsync(Json("1"));
        await _host.RegisterAsync("inner", $"{_host.Origin}/v2/inner/");
        var state = await _host.RunAsync(
            """
              - a: { call: http, with: { method: get, endpoint: ORIGIN/v2/inner/x } }
              - b: { call: http, with: { method: get, endpoint: ORIGIN/v2/innerx } }
            """);
        Assert.Equal(RunStatus.Completed, state.Status);
        Assert.Equal(["inner/GET", "pets/GET"], (await _host.RecordsAsync(state.Id, AuditTypes.CallIntent)).Select(record => record.Target));
        Assert.Equal([false, true], _host.Requests.Select(request => request.Headers.ContainsKey("Authorization")));
    }

    [Fact]
    public async Task Call_NamedCredential_IsTheRegisteredOneOrNone()
    {
        await StartAsync(Json("1"));
        const string Use = "use: { secrets: [pets-key, other], authentications: { mine: { bearer: { use: pets-key } } } }\n";
        var state = await _host.RunAsync("  - a: { call: http, with: { method: get, endpoint: { uri: ORIGIN/v2/x, authentication: { use: mine } } } }", use: Use);
        Assert.Equal(RunStatus.Completed, state.Status);
        _host.Requests.Clear();
        await _host.AssertRefusedAsync(await _host.RunAsync("  - a: { call: http, with: { method: get, endpoint: { uri: ORIGIN/v2/x, authentication: { basic: { use: other } } } } }", use: Use), "credential-mismatch");
    }

    [Fact]
    public async Task Call_Function_GetsItsArgumentsAsInput()
    {
        await StartAsync(Json("""{"name":"milou"}"""));
        var state = await _host.RunAsync(
            """
              - each:
                  for: { in: '${ [1, 2] }', each: id }
                  do:
                    - get: { call: getPet, with: { petId: '${ $id }' }, output: { as: '${ .name }' } }
            """,
            use: $$"""
            use:
              functions:
                getPet:
                  input: { schema: { document: { type: object, required: [petId] } } }
                  call: http
                  with: { method: get, endpoint: '{{_host.Origin}}/v2/pet/{petId}' }

            """);
        Assert.Equal((RunStatus.Completed, JsonValue.From("milou")), (state.Status, state.Output));
        Assert.Equal(["GET /v2/pet/1", "GET /v2/pet/2"], _host.Lines);
    }

    internal static Func<HttpContext, StubRequest, Task> Json(string text) => (context, _) =>
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(text);
    };

    private async Task StartAsync(Func<HttpContext, StubRequest, Task> answer)
    {
        await _host.InitializeAsync();
        _host.Answer = answer;
    }
}
