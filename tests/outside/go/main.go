// The AWS SDK for Go against `spotdrill lab serve`: a drill from its template to the terminated instance, seen by Live Tail.
//
// It proves that the lab is believed by a client that reads strictly where botocore is lenient (times, numbers, event
// streams) and that speaks other protocols: CBOR to CloudWatch. The environment is the printed exports; checks are
// printed and counted as the Python scripts do.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	watchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/fis"
	fistypes "github.com/aws/aws-sdk-go-v2/service/fis/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	account   = "000000000000"
	interrupt = "aws:ec2:send-spot-instance-interruptions"
	patience  = 60 * time.Second
)

var passed, failed int

func check(what string, right bool, seen any) bool {
	if right {
		passed++
		fmt.Println("ok  ", what)
	} else {
		failed++
		fmt.Printf("FAIL %s\n     seen: %v\n", what, seen)
	}
	return right
}

// must ends the program, counted as a failure: what follows needs the answer.
func must[T any](answer T, err error) T {
	if err != nil {
		check("a call that must be answered", false, err)
		end()
	}
	return answer
}

func end() {
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
	os.Exit(0)
}

func refused(what, code string, err error) {
	var said smithy.APIError
	found := errors.As(err, &said) && said.ErrorCode() == code && said.ErrorMessage() != ""
	check(what+": "+code, found, err)
}

// noHostPrefix is the one option that a client in Go needs: it puts "stream-" before the host of a Live Tail, which no
// loopback address can have, and there is no name for the environment to say so as there is for the CLI and boto3.
func noHostPrefix(stack *middleware.Stack) error {
	disable := func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
		middleware.InitializeOutput, middleware.Metadata, error,
	) {
		return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
	}
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("NoHostPrefix", disable), middleware.Before)
}

// readBody hides from net/http that the SDK's request bodies have WriteTo. It mends a race within the client that breaks a
// Live Tail off, about one in sixty on a busy machine:
//   - net/http sends the body, and then looks whether more of it comes than was announced, by io.Copy to nowhere;
//   - the server may have answered by then, and smithy-go (1.28.8, transport/http/client.go) closes the body at an answer;
//   - a body of smithy-go's that is closed answers WriteTo by io.EOF, as only a Read may: io.Copy takes that for a failure,
//     and net/http closes the connection that the answer is being read from: "use of closed network connection".
//
// Without WriteTo, Copy reads to the same EOF and takes it for the end.
type readBody struct{ client aws.HTTPClient }

func (c readBody) Do(request *http.Request) (*http.Response, error) {
	if request.Body != nil {
		request.Body = struct{ io.ReadCloser }{request.Body}
	}
	return c.client.Do(request)
}

// until asks again until it is so.
func until(what string, so func() (bool, string)) {
	deadline := time.Now().Add(patience)
	for {
		right, seen := so()
		if right || time.Now().After(deadline) {
			check(what, right, seen)
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	client := config.WithHTTPClient(awshttp.NewBuildableClient())
	loaded := must(config.LoadDefaultConfig(ctx, config.WithRetryMaxAttempts(3), client))
	loaded.HTTPClient = readBody{loaded.HTTPClient}
	who := must(sts.NewFromConfig(loaded).GetCallerIdentity(ctx, nil))
	check("STS: the account is nobody's", aws.ToString(who.Account) == account, aws.ToString(who.Account))

	instances := ec2.NewFromConfig(loaded)
	victim := theFleet(ctx, instances)
	experiments := fis.NewFromConfig(loaded)
	template := theTemplate(ctx, experiments, loaded.Region, victim)
	logs := cloudwatchlogs.NewFromConfig(loaded, func(options *cloudwatchlogs.Options) {
		options.APIOptions = append(options.APIOptions, noHostPrefix)
	})
	theInterruption(ctx, experiments, logs, instances, template, victim)
	theEvents(ctx, logs, victim)
	theAlarm(ctx, cloudwatch.NewFromConfig(loaded))
	must(experiments.DeleteExperimentTemplate(ctx, &fis.DeleteExperimentTemplateInput{Id: &template}))
	end()
}

// theFleet is listed in pages; gives a spot instance of it.
func theFleet(ctx context.Context, client *ec2.Client) string {
	var all []ec2types.Instance
	pages := ec2.NewDescribeInstancesPaginator(client, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(5)})
	for pages.HasMorePages() {
		page := must(pages.NextPage(ctx))
		for _, reservation := range page.Reservations {
			all = append(all, reservation.Instances...)
		}
	}
	check("EC2: pages of five list all 24 instances", len(all) == 24, len(all))
	var spot []ec2types.Instance
	for _, one := range all {
		if one.InstanceLifecycle == ec2types.InstanceLifecycleTypeSpot {
			spot = append(spot, one)
		}
	}
	if !check("EC2: 21 are spot", len(spot) == 21, len(spot)) {
		end()
	}
	check("EC2: a launch is a time", time.Since(*spot[0].LaunchTime) < 24*time.Hour*365, spot[0].LaunchTime)
	_, err := client.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{"i-0123456789abcdef0"}})
	refused("EC2: an unknown instance", "InvalidInstanceID.NotFound", err)
	_, err = client.DescribeVolumes(ctx, nil)
	refused("EC2: an operation that it does not play", "InvalidAction", err)
	return aws.ToString(spot[0].InstanceId)
}

func theTemplate(ctx context.Context, client *fis.Client, region, victim string) string {
	made := must(client.CreateExperimentTemplate(ctx, &fis.CreateExperimentTemplateInput{
		Description:    aws.String("drill"),
		RoleArn:        aws.String("arn:aws:iam::" + account + ":role/spot-fis-test"),
		StopConditions: []fistypes.CreateExperimentTemplateStopConditionInput{{Source: aws.String("none")}},
		Targets: map[string]fistypes.CreateExperimentTemplateTargetInput{"spot": {
			ResourceType:  aws.String("aws:ec2:spot-instance"),
			ResourceArns:  []string{"arn:aws:ec2:" + region + ":" + account + ":instance/" + victim},
			SelectionMode: aws.String("ALL"),
		}},
		Actions: map[string]fistypes.CreateExperimentTemplateActionInput{"interrupt": {
			ActionId:   aws.String(interrupt),
			Parameters: map[string]string{"durationBeforeInterruption": "PT3M"},
			Targets:    map[string]string{"SpotInstances": "spot"},
		}},
		Tags: map[string]string{"drill": "go"},
	}))
	check("FIS: a template has an id", strings.HasPrefix(aws.ToString(made.ExperimentTemplate.Id), "EXT"), made)
	_, err := client.GetExperiment(ctx, &fis.GetExperimentInput{Id: aws.String("EXPnone")})
	refused("FIS: an unknown experiment", "ResourceNotFoundException", err)
	var modelled *fistypes.ResourceNotFoundException
	check("FIS: its refusal is of the SDK's own type", errors.As(err, &modelled), err)
	return aws.ToString(made.ExperimentTemplate.Id)
}

func theInterruption(
	ctx context.Context, experiments *fis.Client, logs *cloudwatchlogs.Client, instances *ec2.Client, template, victim string,
) {
	groups := must(logs.DescribeLogGroups(ctx, nil)).LogGroups
	arns := make([]string, 0, len(groups))
	for _, group := range groups {
		arns = append(arns, aws.ToString(group.LogGroupArn))
	}
	tail := must(logs.StartLiveTail(ctx, &cloudwatchlogs.StartLiveTailInput{LogGroupIdentifiers: arns})).GetStream()
	defer tail.Close()
	started := must(experiments.StartExperiment(ctx, &fis.StartExperimentInput{ExperimentTemplateId: &template})).Experiment
	check("FIS: an experiment begins now", time.Since(*started.StartTime).Abs() < 24*time.Hour, started.StartTime)

	wanted := []string{"Rebalance Recommendation", "Interruption Warning", "State-change", "REPORT RequestId", victim}
	first, missing := tailed(tail, wanted)
	check("Live Tail begins with sessionStart", first, nil)
	check("Live Tail shows events and the function's lines as they come", len(missing) == 0, missing)

	until("FIS: the experiment completes", func() (bool, string) {
		answer := must(experiments.GetExperiment(ctx, &fis.GetExperimentInput{Id: started.Id}))
		status := answer.Experiment.State.Status
		return status == fistypes.ExperimentStatusCompleted, string(status)
	})
	until("EC2: the instance is terminated", func() (bool, string) {
		answer := must(instances.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{victim}}))
		state := answer.Reservations[0].Instances[0].State.Name
		return state == ec2types.InstanceStateNameTerminated, string(state)
	})
}

// tailed reads updates until each of the words was in a message; whether the session was started first, and what is missing.
func tailed(tail *cloudwatchlogs.StartLiveTailEventStream, wanted []string) (bool, []string) {
	first, deadline := false, time.After(patience)
	for len(wanted) > 0 {
		select {
		case event, open := <-tail.Events():
			if !open {
				return first, append(wanted, fmt.Sprint("the stream ended: ", tail.Err()))
			}
			switch event := event.(type) {
			case *logtypes.StartLiveTailResponseStreamMemberSessionStart:
				first = true
			case *logtypes.StartLiveTailResponseStreamMemberSessionUpdate:
				for _, line := range event.Value.SessionResults {
					var left []string
					for _, word := range wanted {
						if !strings.Contains(aws.ToString(line.Message), word) {
							left = append(left, word)
						}
					}
					wanted = left
				}
			}
		case <-deadline:
			return first, wanted
		}
	}
	return first, wanted
}

func theEvents(ctx context.Context, client *cloudwatchlogs.Client, victim string) {
	filter := aws.String(`"` + victim + `"`)
	group := aws.String("/aws/events/spotdrill")
	// an event reaches its log a moment after what it tells of
	until("Logs: recommendation, notice, and two states were told", func() (bool, string) {
		told := must(client.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group, FilterPattern: filter}))
		return len(told.Events) == 4, fmt.Sprint(len(told.Events))
	})
	found := 0
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: group, FilterPattern: filter, Limit: aws.Int32(1),
	})
	for pages.HasMorePages() {
		for _, event := range must(pages.NextPage(ctx)).Events {
			found++
			check("Logs: an event's time is in milliseconds", *event.Timestamp > 1e12, *event.Timestamp)
		}
	}
	check("Logs: page by page as well", found == 4, found)
	_, err := client.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: aws.String("/none"), LogStreamName: aws.String("none"),
	})
	refused("Logs: an unknown group", "ResourceNotFoundException", err)
}

func theAlarm(ctx context.Context, client *cloudwatch.Client) {
	name := aws.String("go")
	must(client.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: name, Namespace: aws.String("Shop"), MetricName: aws.String("Errors"), Period: aws.Int32(60),
		Statistic: watchtypes.StatisticSum, EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(5),
		ComparisonOperator: watchtypes.ComparisonOperatorGreaterThanThreshold,
	}))
	must(client.SetAlarmState(ctx, &cloudwatch.SetAlarmStateInput{
		AlarmName: name, StateValue: watchtypes.StateValueAlarm, StateReason: aws.String("a drill"),
	}))
	alarms := must(client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{*name}})).MetricAlarms
	right := len(alarms) == 1 && alarms[0].StateValue == watchtypes.StateValueAlarm && *alarms[0].Threshold == 5
	check("CloudWatch, over CBOR: an alarm is as it was set", right, alarms)
	must(client.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{*name}}))
}
