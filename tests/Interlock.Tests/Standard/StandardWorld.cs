using System.Collections.Concurrent;
using System.Text;
using Interlock.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Interlock.Tests.Standard;

/// <summary>
/// Every host that documents of the standard call, on one local server: what they have as <c>https://HOST/PATH</c> is <c>/HOST/PATH</c> here. Pets have the number they are asked for;
/// <c>missing</c> is none, and <c>flaky</c> is there the third time. Whatever else is asked for is told what it asked.
/// </summary>
internal sealed class StandardWorld : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, int> _asked = new(StringComparer.Ordinal);

    private StandardWorld(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public static async Task<StandardWorld> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var world = new StandardWorld(builder.Build());
        world._app.Run(world.AnswerAsync);
        await world._app.StartAsync();
        return world;
    }

    /// <summary>Forgets what was asked, so that cases don't see each other.</summary>
    public void Begin() => _asked.Clear();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var body = await new StreamReader(context.Request.Body).ReadToEndAsync(context.RequestAborted);
        var (status, answer) = Answer(context.Request, context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries), body); // a request has a path
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(answer.ToString()), context.RequestAborted);
    }

    private (int Status, JsonValue Answer) Answer(HttpRequest request, string[] path, string body) => path switch
    {
        [_, _, "pet", "findByStatus"] => (200, JsonValue.Array(Pet(1).With("status", request.Query["status"].ToString()))),
        [_, _, "pet", "getPetByName", ..] or [_, _, "pet", "missing"] => (404, JsonValue.Object(("message", "There is no such pet."))),
        [_, _, "pet", "flaky"] when _asked.AddOrUpdate("flaky", 1, (_, times) => times + 1) < 3 => (503, JsonValue.Object(("message", "Not now."))),
        [_, _, "pet", var id] => (200, Pet(double.TryParse(id, out var number) ? JsonValue.From(number) : JsonValue.From(id)).With("status", body.Length > 0 ? StrictJson.Parse(body)["status"] ?? "available" : "available")),
        [_, "api", "people"] => (200, JsonValue.Object(("search", request.Query["search"].ToString()), ("accept", request.Headers.Accept.ToString()))),
        [var host, "api", "people", _] => (200, JsonValue.Object(("name", "Ada"), ("homeworld", new Uri(Address, $"/{host}/api/planets/1").AbsoluteUri))),
        [_, "api", "planets", _] => (200, JsonValue.Object(("planet", 1))),
        _ => (200, JsonValue.Object(("method", request.Method), ("path", request.Path.Value ?? ""))),
    };

    private static JsonValue Pet(JsonValue id) => JsonValue.Object(("id", id), ("name", "Rex"), ("status", "available"));
}
