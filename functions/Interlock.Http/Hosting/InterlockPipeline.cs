using Interlock.Http.Api;
using Interlock.Http.Events;
using Interlock.Http.Mcp;
using Interlock.Http.Notices;
using Interlock.Http.Pages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Interlock.Http.Hosting;

/// <summary>Everything Interlock serves over HTTP, as one pipeline for both hosts: <c>/mcp</c>, <c>/api</c> and the pages.</summary>
public static class InterlockPipeline
{
    private static readonly string[] Read = [HttpMethods.Get, HttpMethods.Head];
    private static readonly string[] Post = [HttpMethods.Post];

    /// <summary>
    /// Adds the whole pipeline; the services must have routing (<c>AddRouting</c>). An endpoint that a host chose before is forgotten.
    /// </summary>
    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    public static void Map(IApplicationBuilder app, InterlockWeb web)
    {
        web.Options.Validate();
        var site = new Site(web.Options);
        var (refusals, known) = (new EdgeRefusals(web), new CallerRefusals(web));
        var edge = new Edge(web.Options, site, refusals, web.Loggers.CreateLogger<Edge>());
        app.Use((context, next) =>
        {
            context.SetEndpoint(null);
            context.Request.RouteValues.Clear();
            return edge.InvokeAsync(context, next);
        });
        app.UseRouting();
        app.UseEndpoints(routes =>
        {
            MapApi(routes, new ApiDispatcher(web, refusals, known));
            MapMcp(routes, new McpFace(web, site, refusals));
            if (web.Narrowing is { } narrowing) routes.MapMethods(TokenFace.Path, Post, (RequestDelegate)new TokenFace(web, narrowing, refusals, known).ExchangeAsync);
            if (web.AgentNotices is { } notices) routes.MapMethods(NotificationFace.Route, Post, (RequestDelegate)new NotificationFace(notices, web, refusals).TakeAsync);
            MapPages(routes, new PageFace(web, site));
        });
    }

    private static void MapApi(IEndpointRouteBuilder routes, ApiDispatcher api)
    {
        foreach (var route in ApiRoutes.All)
            routes.MapMethods(route.Path, [route.Method], (RequestDelegate)(context => api.HandleAsync(context, route)));
    }

    private static void MapMcp(IEndpointRouteBuilder routes, McpFace mcp)
    {
        routes.Map(McpFace.Path, (RequestDelegate)mcp.HandleAsync);
        routes.Map(McpFace.ServerPath, (RequestDelegate)mcp.HandleAsync);
        routes.MapMethods(McpFace.MetadataPath, Read, (RequestDelegate)mcp.DescribeAsync);
        routes.MapMethods(McpFace.ServerMetadataPath, Read, (RequestDelegate)mcp.DescribeAsync);
    }

    private static void MapPages(IEndpointRouteBuilder routes, PageFace pages)
    {
        routes.MapMethods("/", Read, (RequestDelegate)pages.OverviewAsync);
        routes.MapMethods("/signin", Read, (RequestDelegate)pages.SignIn.BeginAsync);
        routes.MapMethods("/signin", Post, (RequestDelegate)pages.SignIn.SubmitAsync);
        routes.MapMethods(SignInFace.ReturnPath, [HttpMethods.Get], (RequestDelegate)pages.SignIn.ReturnAsync);
        routes.MapMethods("/signout", Post, (RequestDelegate)pages.SignIn.SignOutAsync);
        routes.MapMethods(SignInFace.SignedOutPath, Read, (RequestDelegate)SignInFace.SignedOutAsync);
        routes.MapMethods("/runs", Read, (RequestDelegate)pages.RunsAsync);
        routes.MapMethods("/runs/{id}", Read, (RequestDelegate)pages.RunAsync);
        routes.MapMethods("/approvals", Read, (RequestDelegate)pages.Approvals.InboxAsync);
        routes.MapMethods("/approvals/rates", Read, (RequestDelegate)pages.Approvals.RatesAsync);
        routes.MapMethods(DelegationFace.Path, Read, (RequestDelegate)pages.Delegations.ShowAsync);
        routes.MapMethods(DelegationFace.Path, Post, (RequestDelegate)pages.Delegations.ChangeAsync);
        if (pages.Changes is { } changes)
        {
            routes.MapMethods(ChangesFace.Path, Read, (RequestDelegate)changes.ListAsync);
            if (pages.BreakGlass is { } glass) routes.MapMethods(BreakGlassFace.Path, Post, (RequestDelegate)glass.ChangeAsync);
            routes.MapMethods(ChangesFace.Path + "/{id}", Read, (RequestDelegate)changes.ShowAsync);
            routes.MapMethods(ChangesFace.Path + "/{id}", Post, (RequestDelegate)changes.DecideAsync);
        }
        routes.MapMethods("/approvals/{id}", Read, (RequestDelegate)pages.Approvals.ReviewAsync);
        routes.MapMethods("/approvals/{id}", Post, (RequestDelegate)pages.Approvals.DecideAsync);
        routes.MapMethods(ReviewLinks.Route, Read, (RequestDelegate)pages.Links.OpenAsync);
        routes.MapMethods(Stylesheet.Path, Read, (RequestDelegate)Stylesheet.WriteAsync);
    }
}
