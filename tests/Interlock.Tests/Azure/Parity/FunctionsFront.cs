using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;

namespace Interlock.Tests.Azure.Parity;

/// <summary>
/// The Functions host's front and the worker behind it, for the HTTP functions of a type: the host answers 404 for what no trigger's route and
/// methods match; the worker sets the function's endpoint and route values, makes a new instance and binds its parameters. Sources: the host's
/// WebScriptHostHttpRoutesManager, the worker extension's FunctionsEndpointDataSource.
/// </summary>
internal static class FunctionsFront
{
    /// <summary>The HTTP functions that a type declares, as the host sees them.</summary>
    public static IReadOnlyList<HttpFunction> Of(Type functions) =>
    [
        .. from method in functions.GetMethods()
           let name = method.GetCustomAttribute<FunctionAttribute>()?.Name
           let trigger = method.GetParameters().Select(parameter => parameter.GetCustomAttribute<HttpTriggerAttribute>()).OfType<HttpTriggerAttribute>().FirstOrDefault()
           where name is not null && trigger is not null
           select new HttpFunction(name, "/" + (string.IsNullOrEmpty(trigger.Route) ? name : trigger.Route), trigger, method),
    ];

    /// <param name="app">Where they are served.</param>
    /// <param name="functions">The type that declares them.</param>
    /// <param name="client">What their binding brings.</param>
    /// <param name="invoked">Is told the name of each function that is invoked.</param>
    public static void Map(WebApplication app, Type functions, DurableTaskClient client, Action<string> invoked)
    {
        app.Use(async (context, next) =>
        {
            // The host knows no 405: a route whose methods do not match is no match.
            if (context.GetEndpoint() is not RouteEndpoint) context.Response.StatusCode = StatusCodes.Status404NotFound;
            else await next(context);
        });
        foreach (var function in Of(functions))
        {
            var endpoint = app.Map(function.Route, (RequestDelegate)(context =>
            {
                invoked(function.Name);
                return InvokeAsync(context, function.Method, client);
            }));
            if (function.Trigger.Methods is { } methods) endpoint.WithMetadata(new HttpMethodMetadata(methods));
        }
    }

    private static Task InvokeAsync(HttpContext context, MethodInfo function, DurableTaskClient client)
    {
        var instance = ActivatorUtilities.CreateInstance(context.RequestServices, function.DeclaringType!); // a method of a class
        var arguments = function.GetParameters().Select(parameter => Bind(parameter, context, client)).ToArray();
        return (Task)function.Invoke(instance, arguments)!; // functions return tasks
    }

    private static object Bind(ParameterInfo parameter, HttpContext context, DurableTaskClient client) => parameter switch
    {
        _ when parameter.IsDefined(typeof(HttpTriggerAttribute)) => context.Request,
        _ when parameter.IsDefined(typeof(DurableClientAttribute)) => client,
        _ when parameter.ParameterType == typeof(CancellationToken) => context.RequestAborted,
        _ => throw new InvalidOperationException($"The worker can't bind '{parameter.Name}'."),
    };
}

/// <summary>One HTTP function: its name, the route as the host maps it, its trigger and its method.</summary>
internal sealed record HttpFunction(string Name, string Route, HttpTriggerAttribute Trigger, MethodInfo Method);
