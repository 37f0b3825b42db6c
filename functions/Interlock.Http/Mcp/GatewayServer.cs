using Interlock.Http.Hosting;
using Interlock.Http.Mcp.Methods;
using Interlock.Json;

namespace Interlock.Http.Mcp;

/// <summary>The MCP server that the gateway is to clients: every method, over the registry of whoever calls.</summary>
internal static class GatewayServer
{
    private static readonly JsonValue Changing = JsonValue.Object(("listChanged", true));

    private static readonly McpCard Card = new("interlock", "1.0.0", null)
    {
        Capabilities = JsonValue.Object(
            ("tools", JsonValue.EmptyObject), ("prompts", JsonValue.EmptyObject), ("resources", JsonValue.EmptyObject), ("completions", JsonValue.EmptyObject), ("logging", JsonValue.EmptyObject)),
        NewestCapabilities = JsonValue.Object(
            ("tools", Changing), ("prompts", Changing), ("resources", Changing), ("completions", JsonValue.EmptyObject), ("extensions", JsonValue.Object((RunTasks.Extension, JsonValue.EmptyObject)))),
    };

    public static McpMethods Create(InterlockWeb web, Site site, McpRefusals refusals)
    {
        var (catalogs, workflows, rounds) = (new Catalogs(web.Options.AnswerWithin is not null), new WorkflowTools(web, site), new InputRounds(web));
        var (operations, handles) = (new OperationCalls(web, rounds, refusals), new CallHandles(web.Store, web.Gateway, web.Time));
        var lists = new UpstreamLists(web, catalogs, operations);
        var tasks = new RunTasks(web, site);
        return new McpMethods(
        [
            new Initialize(Card), new Discover(Card), new Ping(), new SetLevel(),
            new ToolsList(web, catalogs, workflows), new ToolsCall(web, site, catalogs, workflows, handles, rounds, refusals, tasks),
            new PromptsList(web, catalogs), new PromptsGet(web, catalogs, operations),
            new ResourcesList(lists), new ResourceTemplatesList(lists), new ResourcesRead(web, catalogs, lists, operations),
            new ResourcesSubscribe("resources/subscribe"), new ResourcesSubscribe("resources/unsubscribe"),
            new CompletionComplete(web, catalogs, lists, operations),
            new SubscriptionsListen(web, new RegistryWatch(web)),
            new TasksGet(tasks), new TasksUpdate(tasks), new TasksCancel(tasks),
        ]);
    }
}
